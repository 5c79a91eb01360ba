; Bash.

(function_definition name: (word) @name body: (_) @body) @function
(program (variable_assignment name: (variable_name) @name value: (_)? @body) @variable)
(program (declaration_command (variable_assignment name: (variable_name) @name value: (_)? @body) @variable))
