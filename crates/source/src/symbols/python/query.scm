; Python.

(class_definition name: (identifier) @name body: (_) @body) @class
(function_definition name: (identifier) @name body: (_) @body) @function
(type_alias_statement left: (type (identifier) @name) right: (_) @body) @type
(type_alias_statement left: (type (generic_type (identifier) @name)) right: (_) @body) @type

; Variables of modules and classes; the others are dropped.
(assignment left: (identifier) @name right: (_)? @body) @variable
