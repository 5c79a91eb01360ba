; Fields of classes, as the grammar of JavaScript alone has them.

(field_definition property: (_) @name value: (arrow_function body: (_) @body)) @method
(field_definition property: (_) @name value: (function_expression body: (_) @body)) @method
(field_definition property: (_) @name value: (_)? @body) @field
