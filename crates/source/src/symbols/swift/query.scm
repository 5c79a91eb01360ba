; Swift.

(class_declaration name: (_) @name body: (_) @body) @class
(protocol_declaration name: (_) @name body: (_) @body) @interface
(function_declaration name: [
  (simple_identifier) (custom_operator)
  "==" "!=" "===" "!==" "<" "<=" ">" ">=" "+" "-" "*" "/" "%" "+=" "-=" "*=" "/=" "%=" "++" "--" "&" "|" "^" "~" "<<" ">>"
] @name body: (_)? @body) @function
(protocol_function_declaration name: [
  (simple_identifier) (custom_operator) "==" "!=" "<" "<=" ">" ">=" "+" "-" "*" "/" "%" "+=" "-=" "*=" "/="
] @name) @method
(init_declaration name: _ @name body: (_)? @body) @constructor
(deinit_declaration "deinit" @name body: (_)? @body) @constructor
(subscript_declaration "subscript" @name (computed_property)? @body) @field
(property_declaration name: (pattern (simple_identifier) @name) [(computed_property) (willset_didset_block)]? @body value: (_)? @body) @field
(protocol_property_declaration name: (pattern (simple_identifier) @name)) @field
(enum_entry name: (simple_identifier) @name @variant)
(typealias_declaration name: (_) @name value: (_) @body) @type
(associatedtype_declaration name: (_) @name) @type
(macro_declaration (simple_identifier) @name definition: (_)? @body) @macro
