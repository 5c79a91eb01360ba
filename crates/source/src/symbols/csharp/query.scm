; C#.

(namespace_declaration name: (_) @name body: (_) @body) @module
(file_scoped_namespace_declaration name: (_) @name) @module
(class_declaration name: (identifier) @name body: (_)? @body) @class
(record_declaration name: (identifier) @name body: (_)? @body) @class
(struct_declaration name: (identifier) @name body: (_)? @body) @struct
(interface_declaration name: (identifier) @name body: (_)? @body) @interface
(enum_declaration name: (identifier) @name body: (_)? @body) @enum
(enum_member_declaration name: (identifier) @name value: (_)? @body) @variant
(delegate_declaration name: (identifier) @name) @type
(method_declaration name: (identifier) @name body: (_)? @body) @method
(local_function_statement name: (identifier) @name body: (_)? @body) @function
(constructor_declaration name: (identifier) @name body: (_)? @body) @constructor
(destructor_declaration name: (identifier) @name body: (_)? @body) @constructor
(operator_declaration operator: _ @name body: (_)? @body) @method
(conversion_operator_declaration type: (_) @name body: (_)? @body) @method
(indexer_declaration accessors: (_)? @body value: (_)? @body) @field
(property_declaration name: (identifier) @name accessors: (_)? @body value: (_)? @body) @field
(event_declaration name: (identifier) @name accessors: (_)? @body) @field
(field_declaration (variable_declaration (variable_declarator name: (identifier) @name) @field))
(event_field_declaration (variable_declaration (variable_declarator name: (identifier) @name) @field))
