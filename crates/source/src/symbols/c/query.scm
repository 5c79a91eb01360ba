; C.

(function_definition declarator: (_) @scope body: (_) @body) @function
(struct_specifier name: (type_identifier) @name body: (_) @body) @struct
(union_specifier name: (type_identifier) @name body: (_) @body) @union
(enum_specifier name: (type_identifier) @name body: (_) @body) @enum
(enumerator name: (identifier) @name value: (_)? @body) @variant

; A type without a name of its own takes that of its typedef.
(type_definition type: (struct_specifier !name body: (_) @body) declarator: (type_identifier) @name) @struct
(type_definition type: (union_specifier !name body: (_) @body) declarator: (type_identifier) @name) @union
(type_definition type: (enum_specifier !name body: (_) @body) declarator: (type_identifier) @name) @enum
(type_definition declarator: (_) @name) @type

(preproc_def name: (identifier) @name value: (_)? @body) @macro
(preproc_function_def name: (identifier) @name value: (_)? @body) @macro

; Variables outside of functions; prototypes and the others are dropped.
(declaration declarator: (init_declarator declarator: (_) @scope value: (_) @body) @variable)
(declaration declarator: [(identifier) (array_declarator) (pointer_declarator) (function_declarator)] @scope @variable)
