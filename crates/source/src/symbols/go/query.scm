; Go.

(package_clause (package_identifier) @name) @module
(function_declaration name: (identifier) @name body: (block)? @body) @function
(method_declaration name: (field_identifier) @name body: (block)? @body) @method
(type_spec name: (type_identifier) @name type: (struct_type (field_declaration_list) @body)) @struct
(type_spec name: (type_identifier) @name type: (interface_type) @body) @interface
(type_spec name: (type_identifier) @name type: (_) @body) @type
(type_alias name: (type_identifier) @name type: (_) @body) @type
(method_elem name: (field_identifier) @name) @method
(const_spec name: (identifier) @name value: (_)? @body) @constant
(var_spec name: (identifier) @name value: (_)? @body) @variable
