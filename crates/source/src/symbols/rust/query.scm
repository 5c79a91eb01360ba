; Rust.

(mod_item name: (identifier) @name body: (declaration_list)? @body) @module
(struct_item name: (type_identifier) @name body: (_)? @body) @struct
(union_item name: (type_identifier) @name body: (_) @body) @union
(enum_item name: (type_identifier) @name body: (_) @body) @enum
(enum_variant name: (identifier) @name value: (_)? @body) @variant
(trait_item name: (type_identifier) @name body: (_) @body) @trait
(impl_item type: (_) @name body: (_)? @body) @extension
(type_item name: (type_identifier) @name type: (_) @body) @type
(associated_type name: (type_identifier) @name) @type
(function_item name: (_) @name body: (_) @body) @function
(function_signature_item name: (_) @name) @function
(const_item name: (identifier) @name value: (_)? @body) @constant
(static_item name: (identifier) @name value: (_)? @body) @variable
(macro_definition name: (identifier) @name (macro_rule) @body) @macro
