; C++.

(namespace_definition name: (_)? @name body: (_) @body) @module
(class_specifier name: (_) @name body: (_) @body) @class
(struct_specifier name: (_) @name body: (_) @body) @struct
(union_specifier name: (_) @name body: (_) @body) @union
(enum_specifier name: (_) @name body: (_) @body) @enum
(enumerator name: (identifier) @name value: (_)? @body) @variant
(function_definition declarator: (_) @scope body: (_)? @body) @function
(field_declaration declarator: (function_declarator) @scope default_value: (number_literal) @body) @method
(alias_declaration name: (type_identifier) @name type: (_) @body) @type
(concept_definition name: (identifier) @name) @interface

; A type without a name of its own takes that of its typedef.
(type_definition type: (struct_specifier !name body: (_) @body) declarator: (type_identifier) @name) @struct
(type_definition type: (union_specifier !name body: (_) @body) declarator: (type_identifier) @name) @union
(type_definition type: (enum_specifier !name body: (_) @body) declarator: (type_identifier) @name) @enum
(type_definition declarator: (_) @name) @type

(preproc_def name: (identifier) @name value: (_)? @body) @macro
(preproc_function_def name: (identifier) @name value: (_)? @body) @macro

; Variables outside of functions; prototypes and the others are dropped.
(declaration declarator: (init_declarator declarator: (_) @scope value: (_) @body) @variable)
(declaration declarator: [(identifier) (array_declarator) (pointer_declarator) (function_declarator) (qualified_identifier)] @scope @variable)
