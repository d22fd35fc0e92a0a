const subnet = "subnet 10.0.0.0 netmask 255.255.0.0";

/** What stands in the file, and the warning that it gets; ERR-n are the errata of the guide. */
export const warned: readonly (readonly [what: string, text: string, warning: string])[] = [
  ["ERR-2", "next-server 102.168.0.11;", "102.168.0.11 is no private address."],
  [
    "ERR-6",
    'class "c" { match if known; } subclass "c" 1:2;',
    "class c has subclasses but nothing to match them with.",
  ],
  [
    "ERR-9",
    `${subnet} { option subnet-mask 255.255.255.0; }`,
    "subnet-mask 255.255.255.0 contradicts the subnet's netmask 255.255.0.0.",
  ],
  [
    "ERR-13",
    'class "c" { match hardware; } subclass "c" 1:0:1:2:3:4:5; subclass "c" 0:1:2:3:4:6;',
    "subclasses of class c have two forms: 1 with the type (1:MAC), 1 without.",
  ],
  [
    "ERR-13, one form, and not the one that is matched",
    'class "c" { match hardware; } subclass "c" 0:1:2:3:4:6;',
    "class c matches hardware, which begins with its type.",
  ],
  [
    "ERR-15",
    "key k { algorithm hmac-md5; secret aGVsbG8=; } zone a.b. { primary 10.0.0.1; }",
    "updates of zone a.b. are not signed.",
  ],
  [
    "ERR-18",
    "vendor-option-space docsis-mta;",
    "no option space named docsis-mta: nothing is sent.",
  ],
  [
    "ERR-22",
    'option host-name " host0011E3DD550D ";',
    "host-name begins or ends with a blank, which is part of it.",
  ],
  [
    "ERR-27",
    'option dhcp-client-identifier "\u00c2\u00a50foo";',
    "dhcp-client-identifier has a yen sign in it.",
  ],
  ["ERR-28", "option netbios-node-type 3;", "there is no NetBIOS node type 3."],
  [
    "a router elsewhere",
    `${subnet} { option routers 10.0.0.1, 10.1.0.1; }`,
    "router 10.1.0.1 is not in the subnet: its clients cannot reach it.",
  ],
  [
    "another broadcast address",
    `${subnet} { option broadcast-address 10.0.0.255; }`,
    "broadcast-address 10.0.0.255 is not that of the subnet.",
  ],
  [
    "lease times that contradict each other",
    "max-lease-time 300; default-lease-time 600;",
    "default-lease-time 600 is more than max-lease-time 300.",
  ],
  [
    "a keyword with a slip",
    "authoritativ;",
    '"authoritativ" does nothing: dhcpd takes it for a variable.',
  ],
  [
    "a variable that is read as a number",
    'set mac = "x";',
    '"mac" cannot be referred to: it reads as hexadecimal digits.',
  ],
  ["a variable without a value", "if nam = 5 { }", "variable nam never has a value."],
  [
    "a function that is none",
    "filename = concta (option host-name, 5);",
    "function concta is nowhere defined.",
  ],
  [
    "a pattern that is none",
    'if option host-name ~= "(" { }',
    "this pattern never matches: unmatched (.",
  ],
  [
    "a host in a subnet",
    `${subnet} { host a { hardware ethernet 1:2:3:4:5:6; } host b { hardware ethernet 1:2; } }`,
    "Host declarations are global: they are not limited to where they stand.",
  ],
  [
    "what clients do",
    "on transmission { }",
    "on transmission has no effect: clients have it, servers do not.",
  ],
  [
    "a parameter of the failover protocol",
    "server-id-check on;",
    "server-id-check has no effect: the failover protocol is not spoken.",
  ],
];

/** Errors of dhcpd's too, with what was probably meant. */
export const hinted: readonly (readonly [
  what: string,
  text: string,
  message: string,
  hint: string,
])[] = [
  [
    "ERR-1",
    "next-server 192.168.0.12,192.168.0.11;",
    "semicolon expected.",
    "next-server has one address; option tftp-server-address has a list of TFTP servers.",
  ],
  [
    "ERR-3",
    `shared-network cmts-ossbn1 Cable2/0 { ${subnet} { } }`,
    "left brace expected.",
    "a name with blanks or / in it needs quotes.",
  ],
  [
    "ERR-5",
    `${subnet} { pool { range 10.0.0.1; deny members of \u201cdocsis_mta"; } }`,
    "expecting class name.",
    'a typographic quote: dhcpd.conf has straight ones (").',
  ],
  [
    "ERR-5, in a file that is UTF-8",
    `${subnet} { pool { range 10.0.0.1; deny members of \u00e2\u0080\u009cdocsis_mta"; } }`,
    "expecting class name.",
    'a typographic quote: dhcpd.conf has straight ones (").',
  ],
  [
    "ERR-7",
    "host a { group \u201cbasic_cm\u201d; }",
    "expecting a group name.",
    'a typographic quote: dhcpd.conf has straight ones (").',
  ],
  [
    "ERR-8",
    'class "docsis_cm" { match hardware; } subclass "docsis_cm\u201d 0:1; subclass "docsis_cm" 2:3;',
    "no class named docsis_cm\u00e2\u0080\u009d 0:1; subclass ",
    'a typographic quote: dhcpd.conf has straight ones (").',
  ],
  [
    "ERR-11",
    'if not option host-name = "x" { }',
    "boolean expression expected",
    "put the comparison in parentheses: not (a = b).",
  ],
  [
    "ERR-12",
    `${subnet} {\n  pool {\n    range 10.0.0.1;\n  }\n`,
    "unexpected end of file",
    `the block of line 1 is not closed: ${subnet} {`,
  ],
  [
    "ERR-14",
    'key k { algorithm hmac-md5; secret "1GPx/sFNPz40U/NuspDqo\u2026 (omitted)"; }',
    "malformed base64.",
    "the secret of a key is base64 text.",
  ],
  [
    "ERR-19",
    "host a { hardware ethernet 08:00:27:XX:XX:XX; }",
    "expecting a hardware address like 00:11:22:33:44:55.",
    '"XX" stands for digits that have been left out: write them down.',
  ],
  [
    "ERR-24",
    "option ntp-server 10.0.0.1;",
    "unknown option dhcp.ntp-server",
    "did you mean ntp-servers?",
  ],
  [
    "ERR-35",
    'if option vender-class-identifier = "x" { }',
    "unknown option dhcp.vender-class-identifier",
    "did you mean vendor-class-identifier?",
  ],
  [
    "a keyword with a slip",
    "defualt-lease-time 600;",
    "expecting a parameter or declaration",
    "did you mean default-lease-time?",
  ],
  [
    "a type with a slip",
    "option a code 250 = strng;",
    "unknown data type strng",
    "did you mean string?",
  ],
  [
    "a class with a slip",
    `class "docsis" { match if known; } ${subnet} { pool { range 10.0.0.1; allow members of "dosis"; } }`,
    "no such class: dosis",
    "did you mean docsis?",
  ],
  [
    "a space with a slip",
    "option space docsis; option docsi.x 1;",
    "no option space named docsi.",
    "did you mean docsis?",
  ],
  [
    "a group with a slip",
    "group gold { } host a { group glod; }",
    "unknown group glod in host a",
    "did you mean gold?",
  ],
  [
    "a declaration inside an if",
    "if known { host a { } }",
    "expecting a statement.",
    "declarations cannot stand inside an if, a switch, an on or a function.",
  ],
  [
    "a variable that cannot be referred to",
    'filename = concat (bad1, xyz, "x");',
    "expecting hexadecimal octets separated by colons.",
    "a name of one letter, or with only the digits a to f after it, cannot be referred to.",
  ],
  [
    "a dash of a word processor",
    "default\u2013lease-time 5;",
    "expecting identifier after option keyword.",
    "a typographic dash: dhcpd.conf has the plain one (-).",
  ],
];
