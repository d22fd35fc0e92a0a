import type { ClientMessage } from "../../../server/dhcp/decide/engine.testing.ts";
import type { Script, Site } from "./contender.testing.ts";

const relay = "10.16.0.1";
const known = "02:dd:00:00:00:01";
const fixed = "02:dd:00:00:00:02";

/** Data expressions (CONF-12); each becomes an option of its own. */
const dataExpressions: readonly string[] = [
  "hardware",
  "substring(hardware, 1, 3)",
  "substring(hardware, 1, 20)",
  "substring(hardware, 4, 0)",
  "substring(hardware, 9, 2)",
  "substring(option host-name, 0, 100)",
  "suffix(option host-name, 2)",
  "suffix(option host-name, 100)",
  "suffix(option host-name, 0)",
  'concat("a", option host-name, "b")',
  'concat("a", option nis-domain, "b")',
  'concat("a", 00, "b", 0d:0a)',
  'concat(substring("abcdef", 1, 2), suffix("abcdef", 2))',
  "lcase(option host-name)",
  "ucase(option host-name)",
  "reverse(1, substring(hardware, 1, 6))",
  "reverse(2, substring(hardware, 1, 6))",
  "reverse(4, substring(hardware, 1, 6))",
  'binary-to-ascii(16, 8, ":", hardware)',
  'binary-to-ascii(16, 8, "", substring(hardware, 1, 6))',
  'binary-to-ascii(10, 8, ".", leased-address)',
  'binary-to-ascii(10, 16, "-", substring(hardware, 1, 6))',
  'binary-to-ascii(10, 32, " ", leased-address)',
  'binary-to-ascii(8, 8, ",", substring(hardware, 0, 3))',
  'binary-to-ascii(2, 8, ",", substring(hardware, 0, 3))',
  'binary-to-ascii(16, 8, "-", option agent.remote-id)',
  'binary-to-ascii(16, 16, "-", substring(hardware, 0, 3))',
  "encode-int(258, 8)",
  "encode-int(258, 16)",
  "encode-int(258, 32)",
  "encode-int(extract-int(leased-address, 32), 32)",
  "encode-int(extract-int(option dhcp-max-message-size, 16), 32)",
  "encode-int(extract-int(substring(hardware, 2, 1), 8), 16)",
  "packet(28, 6)",
  "packet(0, 4)",
  "packet(236, 4)",
  "packet(5000, 4)",
  "leased-address",
  "host-decl-name",
  'pick-first-value(option nis-domain, option host-name, "nothing")',
  'pick-first-value(option nis-domain, "nothing")',
  "pick-first-value(option nis-domain, null)",
  "option agent.circuit-id",
  "option agent.remote-id",
  "option agent.link-selection",
  "option user-class",
  "option vendor-class-identifier",
  "option dhcp-client-identifier",
  "option dhcp-parameter-request-list",
  "option dhcp-message-type",
  "option acme.name",
  "config-option domain-name",
  "config-option server.default-lease-time",
  "filename",
  "server-name",
  "null",
];

/** Boolean expressions; each decides whether an option is sent. */
const conditions: readonly string[] = [
  "known",
  "not known",
  "static",
  "exists host-name",
  "exists nis-domain",
  "not exists nis-domain",
  "exists agent.circuit-id",
  'option host-name = "Box-7"',
  'option host-name = "box-7"',
  'option host-name != "x"',
  'option nis-domain = "x"',
  'option nis-domain != "x"',
  "option nis-domain = option nis-servers",
  "option nis-domain != option nis-servers",
  'exists host-name and option host-name = "Box-7"',
  "exists nis-domain and exists host-name",
  "exists host-name and exists nis-domain",
  "exists nis-domain or exists host-name",
  "not (exists nis-domain and exists host-name)",
  "not (exists host-name and exists nis-domain)",
  "not (exists nis-domain or exists nis-servers)",
  "extract-int(option dhcp-max-message-size, 16) = 1400",
  "extract-int(option dhcp-max-message-size, 16) != 1400",
  "substring(hardware, 1, 3) = 02:dd:00",
  "substring(hardware, 1, 1) = 02 and not known",
  "((known or static) and exists host-name)",
  'substring(option vendor-class-identifier, 0, 6) = "docsis"',
  'suffix(option vendor-class-identifier, 1) = "1"',
  "option agent.remote-id = substring(hardware, 1, 6)",
];

const firstDataCode = 150;
/** A reply has room for so many. */
const perSubnet = 20;

interface Batch {
  readonly net: number;
  readonly codes: readonly number[];
  readonly statements: string;
}

function batches(kind: "data" | "condition", first: number): Batch[] {
  const all = kind === "data" ? dataExpressions : conditions;
  return Array.from({ length: Math.ceil(all.length / perSubnet) }, (_, batch) => {
    const own = all.slice(batch * perSubnet, (batch + 1) * perSubnet);
    const codes = own.map((_one, at) => firstDataCode + at);
    const statements = own.map((one, at) =>
      kind === "data"
        ? `option o${firstDataCode + at} = ${one};`
        : `if ${one} { option o${firstDataCode + at} "yes"; } else { option o${firstDataCode + at} "no"; }`,
    );
    return { net: first + batch, codes, statements: statements.join("\n") };
  });
}

const all = [...batches("data", 16), ...batches("condition", 20)];

const definitions = Array.from(
  { length: perSubnet },
  (_, at) => `option o${firstDataCode + at} code ${firstDataCode + at} = string;`,
).join("\n");

const clients: readonly (readonly [string, ClientMessage])[] = [
  ["a client that says nothing", {}],
  [
    "a client that says much",
    {
      ...{
        mac: known,
        hostname: "Box-7",
        clientId: "me",
        vendorClass: "docsis3.1",
        maxMessageSize: 1400,
      },
      options: [{ code: 77, value: Uint8Array.of(65, 66) }],
      relayAgent: [1, 2, 7, 8, 2, 6, 2, 0xdd, 0, 0, 0, 1],
    },
  ],
  ["a client with a fixed address", { mac: fixed, hostname: "h", maxMessageSize: 1000 }],
];

const scripts: readonly Script[] = all.flatMap(({ net, codes }) =>
  clients.map(([name, message]) => ({
    name: `${name}, network ${net}`,
    steps: [
      {
        send: {
          maxMessageSize: 1400,
          ...message,
          giaddr: relay.replace("16", String(net)),
          list: codes,
        },
        answer: "offer" as const,
      },
    ],
  })),
);

export const expressionSite: Site = {
  name: "expressions",
  configuration: `
authoritative;
default-lease-time 1234;
option domain-name "example.org";
option space acme;
option acme.name code 2 = text;
${definitions}
subnet 10.9.0.0 netmask 255.255.255.0 { }
${all
  .map(
    ({ net, statements }) =>
      `subnet 10.${net}.0.0 netmask 255.255.255.0 {\nrange 10.${net}.0.100 10.${net}.0.199;\n${statements}\n}`,
  )
  .join("\n")}
host known { hardware ethernet ${known}; }
host fixed { hardware ethernet ${fixed}; fixed-address ${all.map(({ net }) => `10.${net}.0.22`).join(", ")}; }
`,
  scripts,
};
