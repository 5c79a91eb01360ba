; Kotlin.

(package_header (qualified_identifier) @name) @module
(class_declaration name: (identifier) @name [(class_body) (enum_class_body)]? @body) @class
(object_declaration name: (identifier) @name (class_body)? @body) @object
(companion_object name: (identifier)? @scope (class_body)? @body) @object
(object_literal (class_body) @body) @class
(function_declaration name: (identifier) @name (function_body)? @body) @function
(secondary_constructor (block)? @body) @constructor
(property_declaration (variable_declaration (identifier) @name)) @field
(class_parameter ["val" "var"] (identifier) @name) @field
(enum_entry (identifier) @name [(value_arguments) (class_body)]? @body) @variant
(type_alias type: (identifier) @name) @type
