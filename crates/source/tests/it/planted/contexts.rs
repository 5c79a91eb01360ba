//! Where people write keys: files of settings, code, shells, headers, addresses, logs and talk.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A name in the ways in which programs write it.
pub(crate) struct Name {
    words: Vec<String>,
}

impl Name {
    pub(crate) fn new(name: &str) -> Self {
        Self { words: name.split(' ').map(str::to_lowercase).collect() }
    }

    fn snake(&self) -> String {
        self.words.join("_")
    }

    fn upper(&self) -> String {
        self.snake().to_uppercase()
    }

    fn kebab(&self) -> String {
        self.words.join("-")
    }

    fn pascal(&self) -> String {
        self.words.iter().map(|word| word[..1].to_uppercase() + &word[1..]).collect()
    }

    fn camel(&self) -> String {
        let pascal = self.pascal();
        pascal[..1].to_lowercase() + &pascal[1..]
    }

    fn dotted(&self) -> String {
        self.words.join(".")
    }

    fn spoken(&self) -> String {
        let first = self.words[0][..1].to_uppercase() + &self.words[0][1..];
        std::iter::once(first).chain(self.words[1..].iter().cloned()).collect::<Vec<_>>().join(" ")
    }

    /// The name without what is behind its first word: `github`.
    fn provider(&self) -> &str {
        &self.words[0]
    }

    /// What its last words say it is.
    fn thing(&self) -> String {
        self.words[1..].join("_")
    }
}

/// A text around a key, and the parts of the text that must be gone.
pub(crate) struct Written {
    pub(crate) text: String,
    pub(crate) secrets: Vec<String>,
}

fn written(text: String, key: &str) -> Written {
    Written { text, secrets: vec![key.to_owned()] }
}

/// How keys are written.
pub(crate) struct Context {
    pub(crate) label: &'static str,
    /// Whether the key's name stands there: without it only keys with a mark can be told.
    pub(crate) named: bool,
    pub(crate) write: fn(&Name, &str) -> Written,
}

macro_rules! contexts {
    ($($label:literal $named:literal |$name:ident, $key:ident| $text:expr;)*) => {
        &[$(Context { label: $label, named: $named, write: |$name, $key| written($text, $key) }),*]
    };
}

/// Everything that keeps the key in one piece.
#[rustfmt::skip]
pub(crate) const PLAIN: &[Context] = contexts![
    "env file" true |n, k| format!("# local\nDEBUG=1\n{}={k}\nPORT=8080\n", n.upper());
    "env file, quoted" true |n, k| format!("{}=\"{k}\"\n", n.upper());
    "shell export" true |n, k| format!("$ export {}={k}\n$ make deploy", n.upper());
    "shell export, single quotes" true |n, k| format!("export {}='{k}' && ./run.sh", n.upper());
    "shell, one command" true |n, k| format!("{}={k} cargo run --release", n.upper());
    "json, camel" true |n, k| format!("{{\n  \"region\": \"eu-west-1\",\n  \"{}\": \"{k}\",\n  \"retries\": 3\n}}", n.camel());
    "json, snake" true |n, k| format!("{{\"name\":\"toys\",\"{}\":\"{k}\"}}", n.snake());
    "json, nested" true |n, k| format!("{{\"{}\": {{\"{}\": \"{k}\", \"enabled\": true}}}}", n.provider(), n.snake());
    "json, escaped" true |n, k| format!("{{\"body\": \"{{\\\"{}\\\": \\\"{k}\\\", \\\"ok\\\": true}}\"}}", n.snake());
    "json, escaped line" true |n, k| format!("{{\"content\":\"run this:\\nexport {}={k}\\nthen restart\"}}", n.upper());
    "yaml" true |n, k| format!("toys:\n  {}: {k}\n  timeout: 30\n", n.snake());
    "yaml, quoted" true |n, k| format!("env:\n  {}: '{k}'\n", n.upper());
    "yaml, kebab" true |n, k| format!("spring:\n  {}: \"{k}\"\n", n.kebab());
    "kubernetes env" true |n, k| format!("        env:\n        - name: {}\n          value: \"{k}\"\n        ports:", n.upper());
    "toml" true |n, k| format!("[{}]\n{} = \"{k}\"\n", n.provider(), n.snake());
    "properties" true |n, k| format!("app.{}={k}\napp.name=toys\n", n.dotted());
    "ini" true |n, k| format!("[{}]\n{} = {k}\n", n.provider(), n.snake());
    "xml attribute" true |n, k| format!("<appSettings>\n  <add key=\"{}\" value=\"{k}\" />\n</appSettings>", n.pascal());
    "xml element" true |n, k| format!("<config><{0}>{k}</{0}></config>", n.camel());
    "terraform" true |n, k| format!("variable \"{0}\" {{}}\nprovider \"x\" {{\n  {0} = \"{k}\"\n}}", n.snake());
    "dockerfile" true |n, k| format!("FROM debian\nENV {} {k}\nRUN make", n.upper());
    "dockerfile, equals" true |n, k| format!("ENV {}={k}\n", n.upper());
    "compose" true |n, k| format!("    environment:\n      - {}={k}\n      - TZ=UTC", n.upper());
    "python keyword" true |n, k| format!("client = Client({}=\"{k}\", timeout=5)", n.snake());
    "python constant" true |n, k| format!("{} = '{k}'\n", n.upper());
    "python environ" true |n, k| format!("os.environ[\"{}\"] = \"{k}\"", n.upper());
    "python getenv" true |n, k| format!("key = os.getenv(\"{}\", \"{k}\")", n.upper());
    "javascript" true |n, k| format!("const {} = '{k}';\n", n.camel());
    "javascript fallback" true |n, k| format!("const key = process.env.{} || '{k}';", n.upper());
    "javascript object" true |n, k| format!("new Toys({{ {}: `{k}`, debug: false }})", n.camel());
    "go" true |n, k| format!("\t{} := \"{k}\"\n", n.camel());
    "rust" true |n, k| format!("const {}: &str = \"{k}\";", n.upper());
    "java" true |n, k| format!("private static final String {} = \"{k}\";", n.upper());
    "csharp index" true |n, k| format!("builder.Configuration[\"{}\"] = \"{k}\";", n.pascal());
    "php" true |n, k| format!("'{}' => '{k}',", n.snake());
    "php define" true |n, k| format!("define('{}', '{k}');", n.upper());
    "ruby" true |n, k| format!("config.{} = '{k}'", n.snake());
    "swift" true |n, k| format!("let {}: String = \"{k}\"", n.camel());
    "powershell" true |n, k| format!("$env:{} = \"{k}\"", n.upper());
    "cmd" true |n, k| format!("set {}={k}\r\n", n.upper());
    "argument" true |n, k| format!("toysctl login --{} {k} --verbose", n.kebab());
    "argument, equals" true |n, k| format!("toysctl login --{}={k}", n.kebab());
    "query" true |n, k| format!("GET https://api.toys.example/v1/parts?{}={k}&limit=5", n.snake());
    "header" true |n, k| format!("X-{}: {k}\r\nAccept: */*", n.words.iter().map(|word| word[..1].to_uppercase() + &word[1..]).collect::<Vec<_>>().join("-"));
    "log" true |n, k| format!("2024-01-05T10:00:00Z WARN client: retrying with {}={k} attempt=2", n.snake());
    "log, debug print" true |n, k| format!("Config {{ url: \"https://x\", {}: \"{k}\", retries: 3 }}", n.snake());
    "python dict print" true |n, k| format!("{{'user': 'ann', '{}': '{k}'}}", n.snake());
    "markdown code" true |n, k| format!("set `{}={k}` in CI and rerun", n.upper());
    "markdown fence" true |n, k| format!("Like so:\n\n```sh\nexport {}={k}\n```\n", n.upper());
    "markdown table" true |n, k| format!("| name | value |\n|---|---|\n| {} | {k} |\n", n.upper());
    "diff" true |n, k| format!("@@ -1,2 +1,2 @@\n-{0}=\n+{0}={k}\n", n.upper());
    "talk, colon" true |n, k| format!("hey, the {}: {k}", n.spoken());
    "talk, is" true |n, k| format!("the {} is {k}, please rotate it later", n.spoken());
    "github actions" true |n, k| format!("      - run: make\n        env:\n          {}: {k}\n", n.upper());
    "sql" true |n, k| format!("INSERT INTO settings (name, value) VALUES ('{}', '{k}');", n.snake());
    "csv" true |n, k| format!("key,value\n{},{k}\nregion,eu\n", n.snake());
    "helm set" true |n, k| format!("helm install x ./x --set {}={k}", n.camel());
    "heroku config" true |n, k| format!("heroku config:set {}={k} -a toys", n.upper());
    "gh secret" true |n, k| format!("gh secret set {} --body \"{k}\"", n.upper());
    "assert in test" true |n, k| format!("assert_eq!(config.{}, \"{k}\");", n.snake());
    "bare" false |_n, k| format!("{k}\n");
    "talk" false |_n, k| format!("I pasted {k} by accident, can you revoke it?");
    "talk, quotes" false |_n, k| format!("try with \"{k}\" instead");
    "talk, backticks" false |_n, k| format!("it is `{k}`.");
    "talk, brackets" false |_n, k| format!("(see {k})");
    "bearer" false |_n, k| format!("curl -H \"Authorization: Bearer {k}\" https://api.toys.example/v1");
    "address, user" false |_n, k| format!("git clone https://{k}@git.toys.example/toys.git");
    "call" false |_n, k| format!("client = Client(\"{k}\")");
    "json value" false |_n, k| format!("[\"{k}\",1]");
    "tool output" false |_n, k| format!("\u{1b}[32m{k}\u{1b}[0m\n");
];

fn halves(key: &str) -> (&str, &str) {
    key.split_at(key.len() / 2)
}

fn split(text: String, key: &str) -> Written {
    let (one, two) = halves(key);
    Written { text, secrets: vec![one.to_owned(), two.to_owned()] }
}

/// The key in two pieces.
#[rustfmt::skip]
pub(crate) const SPLIT: &[Context] = &[
    Context { label: "split: shell continuation", named: true, write: |n, k| { let (a, b) = halves(k); split(format!("export {}=\"{a}\\\n{b}\"\n", n.upper()), k) } },
    Context { label: "split: python adjacent", named: true, write: |n, k| { let (a, b) = halves(k); split(format!("{} = (\"{a}\"\n    \"{b}\")\n", n.upper()), k) } },
    Context { label: "split: plus", named: true, write: |n, k| { let (a, b) = halves(k); split(format!("const {} = '{a}' +\n  '{b}';\n", n.camel()), k) } },
    Context { label: "split: plus, one line", named: true, write: |n, k| { let (a, b) = halves(k); split(format!("String {} = \"{a}\" + \"{b}\";\n", n.camel()), k) } },
    Context { label: "split: plus leads", named: true, write: |n, k| { let (a, b) = halves(k); split(format!("{} = \"{a}\"\n    + \"{b}\"\n", n.snake()), k) } },
    Context { label: "split: php dot", named: true, write: |n, k| { let (a, b) = halves(k); split(format!("${} = '{a}' . '{b}';\n", n.snake()), k) } },
];

fn encoded(text: String, code: String) -> Written {
    Written { text, secrets: vec![code] }
}

/// The key in Base64.
#[rustfmt::skip]
pub(crate) const ENCODED: &[Context] = &[
    Context { label: "base64: kubernetes secret", named: true, write: |n, k| { let code = STANDARD.encode(k); encoded(format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: toys\ndata:\n  {}: {code}\ntype: Opaque\n", n.kebab()), code) } },
    Context { label: "base64: kubernetes secret, upper", named: true, write: |n, k| { let code = STANDARD.encode(k); encoded(format!("kind: Secret\ndata:\n  {}: {code}\n", n.upper()), code) } },
    Context { label: "base64: basic", named: true, write: |_, k| { let code = STANDARD.encode(format!("ann:{k}")); encoded(format!("Authorization: Basic {code}\r\n"), code) } },
    Context { label: "base64: echo", named: false, write: |n, k| { let code = STANDARD.encode(format!("{}={k}", n.upper())); encoded(format!("echo {code} | base64 -d"), code) } },
    Context { label: "base64: env file", named: true, write: |n, k| { let code = STANDARD.encode(k); encoded(format!("{}={code}\n", n.thing().to_uppercase()), code) } },
];
