import { data, type LanguageFeature, number, parameter, truth, type } from "./feature.testing.ts";

const hostname = { hostname: "Box-7" } as const;

/** A function's value where only data, a number or a truth value can stand, seen as a text. */
const within = (
  place: string,
  statement: (called: string) => string,
  body = "return value;",
): LanguageFeature => ({
  name: `a function in ${place}`,
  top: ({ tag }) => `define call-${tag}(value) { ${body} }`,
  subnet: ({ tag }) => statement(`call-${tag}("v")`),
  ...{ list: [200], onPurpose: "a function inside an expression" },
});

/** Everything here is supported: a parser that refuses one of these fails the test. */
export const supported: readonly LanguageFeature[] = [
  // Types of options.
  ...[
    parameter("type boolean", "option out-flag true;", [206]),
    parameter("type unsigned integer 8", "option out-u8 255;", [202]),
    parameter("type unsigned integer 16", "option out-u16 65535;", [203]),
    parameter("type unsigned integer 32", "option out-u32 4294967295;", [204]),
    parameter("type integer 32", "option out-i32 -2;", [205]),
    parameter("type ip-address", "option out-address 10.1.2.3;", [207]),
    parameter("type text", 'option out-text "text";', [200]),
    parameter("type string, in hexadecimal", "option out-bytes 0:ff:7;", [201]),
    parameter("type string, as text", 'option out-bytes "ab";', [201]),
    parameter("array of ip-address", "option routers 10.1.2.3, 10.1.2.4;", [3]),
    parameter("array of pairs of ip-address", "option static-routes 10.1.2.3 10.1.2.4;", [33]),
    parameter("type domain-list", 'option domain-search "a.example.org", "b.example.org";', [119]),
    parameter("escapes in strings", 'option out-text "a\\tb\\101\\x42\\"";', [200]),
    parameter("keywords in capitals", 'OPTION out-text "x"; Option OUT-U8 7;', [200, 202]),
  ],
  // Where a value comes from.
  {
    name: "subnet over global",
    top: () => 'option nis-domain "global";',
    subnet: 'option nis-domain "subnet";',
    list: [40],
  },
  {
    name: "class over subnet",
    top: ({ tag }) =>
      `class "${tag}" { match if option vendor-class-identifier = "${tag}"; option out-text "class"; }`,
    subnet: 'option out-text "subnet";',
    list: [200],
  },
  {
    name: "the first of two classes",
    top: ({ tag }) =>
      ["a", "b"]
        .map(
          (one) =>
            `class "${tag}${one}" { match if option vendor-class-identifier = "${tag}"; option out-text "${one}"; }\n`,
        )
        .join(""),
    list: [200],
  },
  {
    name: "subclass over class",
    top: ({ tag }) =>
      `class "${tag}" { match option vendor-class-identifier; option out-text "class"; option out-u8 1; }
subclass "${tag}" "${tag}" { option out-text "subclass"; }`,
    list: [200, 202],
  },
  {
    name: "match and match if together",
    top: ({ tag }) =>
      `class "${tag}" { match if exists host-name; match option vendor-class-identifier; option out-text "both"; }
subclass "${tag}" "${tag}";`,
    ...{ list: [200], send: hostname },
  },
  {
    name: "spawning class",
    top: ({ tag }) =>
      `class "${tag}" { match if option vendor-class-identifier = "${tag}"; spawn with hardware; option out-text "spawned"; }`,
    list: [200],
  },
  {
    name: "class that is opened again",
    top: ({ tag }) =>
      `class "${tag}" { match if option vendor-class-identifier = "${tag}"; }\nclass "${tag}" { option out-text "later"; }`,
    list: [200],
  },
  {
    name: "host over class",
    top: ({ tag, mac }) =>
      `class "${tag}" { match if option vendor-class-identifier = "${tag}"; option out-text "class"; }
host ${tag} { hardware ethernet ${mac}; option out-text "host"; }`,
    list: [200],
  },
  {
    name: "host inside a subnet",
    subnet: ({ tag, mac }) => `host ${tag} { hardware ethernet ${mac}; option out-text "host"; }`,
    list: [200],
  },
  {
    name: "fixed-address",
    top: ({ tag, mac, net }) => `host ${tag} { hardware ethernet ${mac}; fixed-address ${net}.9; }`,
    list: [1],
  },
  {
    name: "group around hosts",
    top: ({ tag, mac }) =>
      `group { option out-text "group"; host ${tag} { hardware ethernet ${mac}; } }`,
    list: [200],
  },
  {
    name: "group by name",
    top: ({ tag, mac }) =>
      `group ${tag} { option out-text "named"; }\nhost ${tag} { hardware ethernet ${mac}; group ${tag}; }`,
    list: [200],
  },
  {
    name: "uid of a host",
    top: ({ tag }) => `host ${tag} { uid "feature-uid"; option out-text "by uid"; }`,
    ...{ list: [200], send: { clientId: "feature-uid" } },
  },
  // Statements.
  truth("if and else", "known"),
  parameter(
    "elsif",
    'if known { } elsif exists vendor-class-identifier { option out-text "elsif"; }',
    [200],
  ),
  parameter(
    "else if",
    'if known { } else if exists vendor-class-identifier { option out-text "else if"; }',
    [200],
  ),
  parameter("if inside if", 'if not known { if not static { option out-text "inner"; } }', [200]),
  parameter("supersede", 'option out-text "a"; supersede out-text "b";', [200]),
  parameter("default", 'default out-text "a"; default out-text "b";', [200]),
  parameter("append", "option routers 10.1.2.3; append routers 10.1.2.4;", [3]),
  parameter("prepend", "option routers 10.1.2.3; prepend routers 10.1.2.4;", [3]),
  // Expressions.
  ...[
    data("hardware", "hardware"),
    data("substring", "substring(hardware, 1, 3)"),
    data("suffix", "suffix(hardware, 2)"),
    data("concat", 'concat("a", hardware, "b")'),
    data("pick-first-value", 'pick-first-value(option host-name, "none")'),
    data("lcase", "lcase(option host-name)", hostname),
    data("ucase", "ucase(option host-name)", hostname),
    data("reverse", "reverse(1, hardware)"),
    data("binary-to-ascii", 'binary-to-ascii(16, 8, ":", hardware)'),
    data("encode-int", "encode-int(258, 16)"),
    data("packet", "packet(28, 6)"),
    data("leased-address", "leased-address"),
    data("option of the request", "option vendor-class-identifier"),
    data("config-option", "config-option domain-name"),
    data("agent.circuit-id", "option agent.circuit-id", { relayAgent: [1, 2, 7, 8] }),
    number("extract-int", "extract-int(hardware, 16)"),
    number("sums before products", "1 + 2 * 3"),
    number("quotient and remainder", "9 / 2 % 3"),
    number("bits", "12 & 10 | 1 ^ 3"),
    truth("exists", "exists host-name", hostname),
    truth("not", "not exists host-name"),
    truth("and", "exists host-name and exists vendor-class-identifier", hostname),
    truth("or", "exists host-name or exists vendor-class-identifier"),
    truth("equal", 'option host-name = "Box-7"', hostname),
    truth("not equal", 'option host-name != "Box-7"', hostname),
    truth("numbers that are equal", "extract-int(hardware, 8) = 1"),
    truth("static", "static"),
  ],
  // Parameters.
  ...[
    parameter("default-lease-time", "default-lease-time 900;"),
    parameter("max-lease-time", "max-lease-time 900;", [51], { leaseSeconds: 5000 }),
    parameter("min-lease-time", "min-lease-time 900;", [51], { leaseSeconds: 100 }),
    parameter("T1 and T2", "option dhcp-renewal-time 60; option dhcp-rebinding-time 90;"),
    parameter("next-server", "next-server 10.1.2.3;"),
    parameter("filename", 'filename "boot.bin";'),
    parameter("server-name", 'server-name "boot.example.org";'),
    parameter("server-identifier", "server-identifier 10.1.2.3;"),
    parameter("always-broadcast", "always-broadcast on;"),
    parameter("use-lease-addr-for-default-route", "use-lease-addr-for-default-route on;", [3]),
    parameter("echo-client-id", "echo-client-id on;", [1], { clientId: "echo" }),
    parameter("configured request list", "option dhcp-parameter-request-list 51, 6;", [1]),
    parameter("dhcp-max-message-size", "option dhcp-max-message-size 600;"),
    parameter("update-static-leases", "update-static-leases on;"),
    parameter("stash-agent-options", "stash-agent-options off;", [1], { relayAgent: [1, 1, 7] }),
  ],
  {
    name: "use-host-decl-names",
    top: ({ tag, mac }) => `host ${tag} { hardware ethernet ${mac}; }`,
    ...{ subnet: "use-host-decl-names on;", list: [12] },
  },
  {
    name: "vendor-option-space",
    top: ({ tag }) =>
      `option space ${tag};\noption ${tag}.a code 1 = text;\noption ${tag}.b code 2 = ip-address;`,
    subnet: ({ tag }) =>
      `vendor-option-space ${tag}; option ${tag}.a "x"; option ${tag}.b 10.1.2.3;`,
    list: [43],
  },
  {
    name: "encapsulated space",
    top: ({ tag }) =>
      `option space ${tag};\noption ${tag}.a code 1 = text;\noption outer-${tag} code 231 = encapsulate ${tag};`,
    subnet: ({ tag }) => `option ${tag}.a "x";`,
    list: [231],
  },
  {
    name: "space with wide codes",
    top: ({ tag }) =>
      `option space ${tag} code width 2 length width 2;\noption ${tag}.a code 300 = text;\noption outer-${tag} code 232 = encapsulate ${tag};`,
    subnet: ({ tag }) => `option ${tag}.a "x";`,
    list: [232],
  },
  {
    name: "option 125 by enterprise",
    top: ({ tag }) =>
      `option space ${tag} code width 1 length width 1;\noption ${tag}.a code 1 = text;\noption vendor.${tag} code 4491 = encapsulate ${tag};`,
    subnet: ({ tag }) => `option ${tag}.a "x";`,
    list: [125],
    onPurpose: "a space in a space",
  },
  {
    name: "shared-network",
    top: () => "shared-network feature-shared { subnet 10.21.0.0 netmask 255.255.255.0 { } }",
    list: [1],
  },
  type("array of records", "array of { ip-address, unsigned integer 8 }", "10.1.2.3 4, 10.1.2.5 6"),
  // Statements, functions and parameters that keep or look up something.
  parameter(
    "switch",
    'switch (option vendor-class-identifier) { case "x": option out-text "x"; break; default: option out-text "default"; }',
    [200],
  ),
  parameter("set", 'set seen = "value"; option out-text = seen;', [200]),
  parameter(
    "unset",
    'set gone = "value"; unset gone; if not defined(gone) { option out-text "gone"; }',
    [200],
  ),
  truth("defined", "defined(nothing)"),
  truth("regular expression", 'option host-name ~= "^box"', hostname),
  truth("regular expression in any case", 'option host-name ~~ "^box"', hostname),
  data("gethostname", "gethostname()"),
  number("lease-time", "lease-time"),
  parameter("log", 'log(info, "seen"); option out-text "after log";', [200]),
  parameter("eval", 'eval concat("x", "y"); option out-text "after eval";', [200]),
  {
    name: "function of one's own",
    top: ({ tag }) => `define call-${tag}(value) { return concat("<", value, ">"); }`,
    subnet: ({ tag }) => `option out-text = call-${tag}("v");`,
    list: [200],
  },
  ...[
    within("concat", (called) => `option out-text = concat(${called}, "");`),
    within("~=", (called) => `if ${called} ~= "v" { option out-text "matches"; }`),
    within(
      "a condition",
      (called) => `if ${called} { option out-text "true"; }`,
      "return exists vendor-class-identifier;",
    ),
    within("case", (called) => `switch ("v") { case ${called}: option out-text "case"; }`),
  ],
  {
    name: "a function as match",
    top: ({ tag }) => `define call-${tag}(value) { return value; }
class "${tag}" { match if option vendor-class-identifier = "${tag}"; match call-${tag}("key"); option out-text "member"; }
subclass "${tag}" "key";`,
    ...{ list: [200], onPurpose: "a function inside an expression" },
  },
  {
    name: "a function in spawn with",
    top: ({ tag }) => `define call-${tag}(value) { return value; }
class "${tag}" { match if option vendor-class-identifier = "${tag}"; spawn with call-${tag}(hardware); option out-text "spawned"; }`,
    ...{ list: [200], onPurpose: "a function inside an expression" },
  },
  {
    name: "on commit",
    subnet: 'on commit { set committed = "yes"; } option out-text "after on";',
    list: [200],
  },
  {
    name: "host-identifier",
    top: ({ tag }) =>
      `host ${tag} { host-identifier option agent.remote-id 7:8:9; option out-text "identified"; }`,
    ...{ list: [200], send: { relayAgent: [2, 3, 7, 8, 9] } },
  },
  {
    name: "site-option-space",
    top: ({ tag }) => `option space ${tag};\noption ${tag}.a code 224 = text;`,
    subnet: ({ tag }) => `site-option-space "${tag}"; option ${tag}.a "site";`,
    list: [224],
  },
  parameter("always-reply-rfc1048", "always-reply-rfc1048 on;"),
  parameter("get-lease-hostnames", "get-lease-hostnames off;"),
  parameter("adaptive-lease-time-threshold", "adaptive-lease-time-threshold 50;"),
  parameter("server-id-check", "server-id-check on;"),
  parameter("check-secs-byte-order", "check-secs-byte-order on;", [1], { secs: 0x0100 }),
  parameter("infinite-is-reserved", "infinite-is-reserved off;"),
];
