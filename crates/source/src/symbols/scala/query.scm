; Scala.

(package_clause name: (package_identifier) @name body: (_)? @body) @module
(package_object name: (_) @name body: (_)? @body) @object
(class_definition name: (_) @name body: (_)? @body) @class
(object_definition name: (_) @name body: (_)? @body) @object
(trait_definition name: (_) @name body: (_)? @body) @trait
(enum_definition name: (_) @name body: (_)? @body) @enum
(simple_enum_case name: (_) @name) @variant
(full_enum_case name: (_) @name) @variant
(extension_definition parameters: (_) @scope body: (_) @body) @extension
(instance_expression (template_body) @body) @class
(function_definition name: (_) @name body: (_)? @body) @function
(function_declaration name: (_) @name) @function
(val_definition pattern: (identifier) @name value: (_)? @body) @field
(var_definition pattern: (identifier) @name value: (_)? @body) @field
(val_declaration name: (_) @name) @field
(var_declaration name: (_) @name) @field
(type_definition name: (_) @name type: (_)? @body) @type
(given_definition name: (_) @name body: (_)? @body) @field

; test("does") { ... }; other calls are dropped.
(call_expression function: (call_expression function: (identifier) @scope arguments: (arguments . (string) @name)) arguments: (block) @body) @test
