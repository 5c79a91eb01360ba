; JavaScript, and what TypeScript has in common with it.

(class_declaration name: (_) @name body: (_) @body) @class
(function_declaration name: (_) @name body: (_) @body) @function
(generator_function_declaration name: (_) @name body: (_) @body) @function
(method_definition name: (_) @name body: (_) @body) @method

; Functions and classes that get their name where they are kept.
(variable_declarator name: (identifier) @name value: (arrow_function body: (_) @body)) @function
(variable_declarator name: (identifier) @name value: (function_expression body: (_) @body)) @function
(variable_declarator name: (identifier) @name value: (generator_function body: (_) @body)) @function
(variable_declarator name: (identifier) @name value: (class body: (_) @body)) @class
(assignment_expression left: [(identifier) (member_expression)] @name right: (arrow_function body: (_) @body)) @function
(assignment_expression left: [(identifier) (member_expression)] @name right: (function_expression body: (_) @body)) @function
(assignment_expression left: [(identifier) (member_expression)] @name right: (generator_function body: (_) @body)) @function
(assignment_expression left: [(identifier) (member_expression)] @name right: (class body: (_) @body)) @class
(pair key: (_) @name value: (arrow_function body: (_) @body)) @method
(pair key: (_) @name value: (function_expression body: (_) @body)) @method
(pair key: (_) @name value: (generator_function body: (_) @body)) @method
(pair key: (_) @name value: (class body: (_) @body)) @class
(export_statement value: (arrow_function body: (_) @body)) @function
(export_statement value: (function_expression !name body: (_) @body)) @function
(export_statement value: (class !name body: (_) @body)) @class

; Expressions with a name of their own; dropped where they get another.
(function_expression name: (_) @name body: (_) @body) @function
(generator_function name: (_) @name body: (_) @body) @function
(class name: (_) @name body: (_) @body) @class

; What a module holds; the others are dropped.
(variable_declarator name: (identifier) @name value: (_)? @body) @variable

; it("does", () => { ... }); other calls are dropped.
(call_expression
  function: [(identifier) (member_expression) (call_expression)] @scope
  arguments: (arguments . [(string) (template_string)] @name (arrow_function body: (_) @body))) @test
(call_expression
  function: [(identifier) (member_expression) (call_expression)] @scope
  arguments: (arguments . [(string) (template_string)] @name (function_expression body: (_) @body))) @test
