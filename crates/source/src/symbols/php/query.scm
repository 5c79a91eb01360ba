; PHP.

(namespace_definition name: (_) @name body: (_)? @body) @module
(class_declaration name: (name) @name body: (_) @body) @class
(interface_declaration name: (name) @name body: (_) @body) @interface
(trait_declaration name: (name) @name body: (_) @body) @trait
(enum_declaration name: (name) @name body: (_) @body) @enum
(enum_case name: (name) @name value: (_)? @body) @variant
(anonymous_class body: (_) @body) @class
(function_definition name: (name) @name body: (_) @body) @function
(method_declaration name: (name) @name body: (_)? @body) @method
(const_declaration (const_element . (name) @name) @constant)
(property_declaration (property_element name: (variable_name) @name default_value: (_)? @body) @field)
(property_promotion_parameter name: (_) @name) @field
(assignment_expression left: (variable_name) @name right: (anonymous_function body: (_) @body)) @function
(assignment_expression left: (variable_name) @name right: (arrow_function body: (_) @body)) @function
