; Java.

(package_declaration [(identifier) (scoped_identifier)] @name) @module
(module_declaration name: (_) @name body: (_) @body) @module
(class_declaration name: (identifier) @name body: (_) @body) @class
(record_declaration name: (identifier) @name body: (_) @body) @class
(enum_declaration name: (identifier) @name body: (_) @body) @enum
(interface_declaration name: (identifier) @name body: (_) @body) @interface
(annotation_type_declaration name: (identifier) @name body: (_) @body) @annotation
(object_creation_expression type: (_) @name (class_body) @body) @class
(method_declaration name: (identifier) @name body: (block)? @body) @method
(constructor_declaration name: (identifier) @name body: (_) @body) @constructor
(compact_constructor_declaration name: (identifier) @name body: (_) @body) @constructor
(annotation_type_element_declaration name: (identifier) @name value: (_)? @body) @method
(enum_constant name: (identifier) @name arguments: (_)? @body body: (class_body)? @body) @variant
(field_declaration declarator: (variable_declarator name: (identifier) @name value: (_)? @body) @field)
(constant_declaration declarator: (variable_declarator name: (identifier) @name value: (_)? @body) @constant)
