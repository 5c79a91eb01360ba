; Ruby.

(module name: (_) @name body: (_)? @body) @module
(class name: (_) @name body: (_)? @body) @class
(singleton_class value: (_) @name body: (_)? @body) @extension
(method name: (_) @name body: (_)? @body) @function
(singleton_method object: (_) @scope name: (_) @name body: (_)? @body) @method
(alias name: (_) @name) @method
(assignment left: (constant) @name right: (_) @body) @constant
(assignment left: (scope_resolution) @name right: (_) @body) @constant

; define_method(:a) { ... }, it "does" do ... end; other calls are dropped.
(call method: (identifier) @scope arguments: (argument_list . (_) @name) block: (_) @body) @test

; attr_reader :a; other calls are dropped.
(call method: (identifier) @scope arguments: (argument_list (simple_symbol) @name @field))
