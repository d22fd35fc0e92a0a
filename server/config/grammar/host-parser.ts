import { HARDWARE_ADDRESS_BYTES_MAX, hardwareTypes } from "../../../protocol/mac.ts";
import { packetOption } from "../language/option-reader.ts";
import { BlockScope } from "../model/block-scope.ts";
import { hasTypographicQuote, QUOTE_HINT, suggestion } from "../text/hints.ts";
import { Token } from "../text/lexer.ts";
import type { Declarations } from "./block.ts";
import { type Block, type HostDraft, innerBlock, newHost } from "./block.ts";
import { parseComputedValue } from "./expression-parser.ts";
import { takeOption } from "./option-name.ts";
import { parseOptionValue, takeHostName } from "./option-value-parser.ts";
import type { Parser } from "./parser.ts";

const FIXED_ADDRESSES_MAX = 64;
const bytesType = { fields: ["bytes"], repeat: "none" } as const;

/** `host NAME { … }`: the host is known everywhere, but it inherits from the blocks around it. */
export function parseHost(declarations: Declarations, block: Block): void {
  const { parser } = declarations;
  if (block.host !== undefined || block.clientClass !== undefined) {
    parser.fail("host declarations not allowed here.", "is a } missing further up?");
  }
  if (block.network !== undefined && !block.builder.hasNestedHost) {
    block.builder.hasNestedHost = true;
    const message = "Host declarations are global: they are not limited to where they stand.";
    parser.warn(message, "their options are, though, those of the blocks around them.");
  }
  parser.lexer.next();
  const nameAt = parser.at;
  const name = parser.takeDotted("expecting a name for host declaration.");
  const host = newHost(name);
  const own = new BlockScope(block.scope);
  declarations.parseBlock(innerBlock(block, "host", own, host));
  const scope = hostScope(own, host.group ?? block.scope);
  if (!block.builder.hosts.add(host, scope)) {
    parser.report(`host ${name}: already exists`, undefined, parser.closedAt);
    return;
  }
  const { hardware, clientId, identifier } = host;
  if (hardware === undefined && clientId === undefined && identifier === undefined) {
    const hint = "give it a hardware address or a dhcp-client-identifier.";
    parser.warn(`host ${name} matches no client.`, hint, nameAt);
  }
}

/** Most hosts have no statements of their own and share the scope around them. */
function hostScope(own: BlockScope, parent: BlockScope["parent"]): NonNullable<typeof parent> {
  if (parent === undefined || own.parent === parent) return own.isEmpty ? (parent ?? own) : own;
  if (own.isEmpty) return parent;
  const scope = new BlockScope(parent);
  scope.statements.push(...own.statements);
  scope.ownAuthoritative = own.ownAuthoritative;
  return scope;
}

/** Parses what only a host can say; false when it is something else. */
export function parseHostStatement(parser: Parser, host: HostDraft): boolean {
  const { lexer } = parser;
  switch (lexer.word) {
    case "hardware":
      parseHardware(parser, host);
      return true;
    case "fixed-address":
      parseFixedAddress(parser, host);
      return true;
    case "host-identifier":
      parseHostIdentifier(parser, host);
      return true;
    case "uid":
      lexer.next();
      setClientId(parser, host, parser.at, parseOptionValue(parser, bytesType));
      return true;
    case "option":
      return parseClientIdentifier(parser, host);
    default:
      return false;
  }
}

function parseHardware(parser: Parser, host: HostDraft): void {
  const { at } = parser;
  parser.lexer.next();
  const typeAt = parser.at;
  const typeName = parser.takeWord("expecting a network hardware type").toLowerCase();
  const type = hardwareTypes.get(typeName);
  if (type === undefined) {
    const hint = `known: ${[...hardwareTypes.keys()].join(", ")}.`;
    parser.fail("expecting a network hardware type", hint, typeAt);
  }
  const addressAt = parser.at;
  const address = parser.takeHexList("expecting a hardware address like 00:11:22:33:44:55.");
  parser.endStatement();
  if (address.length > HARDWARE_ADDRESS_BYTES_MAX) {
    parser.report("hardware address too long.", `at most 16 octets.`, addressAt);
  } else if (host.hardware !== undefined) {
    parser.report(`Host ${host.name} hardware address already configured.`, undefined, at);
  } else {
    host.hardware = { type, address };
  }
}

function parseFixedAddress(parser: Parser, host: HostDraft): void {
  const { at } = parser;
  parser.lexer.next();
  do {
    if (parser.lexer.kind === Token.word && !parser.isDottedQuad) {
      host.fixedNames.push(takeHostName(parser));
    } else {
      host.fixedAddresses.push(parser.takeIpv4());
    }
  } while (parser.accept(","));
  parser.endStatement();
  if (host.fixedAddresses.length + host.fixedNames.length > FIXED_ADDRESSES_MAX) {
    parser.report(`more than ${FIXED_ADDRESSES_MAX} fixed addresses.`, undefined, at);
  }
}

/** `host-identifier option NAME VALUE;` (dhcpd.conf(5)); `v6relopt` belongs to DHCPv6. */
function parseHostIdentifier(parser: Parser, host: HostDraft): void {
  const { at } = parser;
  parser.lexer.next();
  if (parser.lexer.word === "v6relopt") {
    parser.fail("v6relopt is not supported.", "it belongs to DHCPv6: name the option itself.");
  }
  if (!parser.acceptWord("option")) {
    parser.fail("host-identifier must be an option or v6relopt", "option NAME VALUE; follows.");
  }
  const option = takeOption(parser);
  const valueAt = parser.at;
  const value = parseOptionValue(parser, option.type);
  parser.endStatement();
  if (host.identifier !== undefined) {
    parser.report("only one host-identifier allowed per host", undefined, at);
  } else if (!("constant" in value)) {
    parser.report("a host-identifier cannot depend on a packet.", undefined, valueAt);
  } else {
    host.identifier = {
      optionName: `${option.space.name}.${option.code}`,
      option: packetOption(option, parser.registry),
      value: value.constant,
    };
  }
}

/** `option dhcp-client-identifier` identifies the host; it is not sent. */
function parseClientIdentifier(parser: Parser, host: HostDraft): boolean {
  const { lexer, at } = parser;
  lexer.next();
  if (lexer.word === "dhcp" && lexer.isFollowedBy(".")) {
    lexer.next();
    lexer.next();
  }
  if (lexer.word !== "dhcp-client-identifier") {
    lexer.rewind(at);
    return false;
  }
  lexer.next();
  const valueAt = parser.at;
  const value = parser.accept("=")
    ? parseComputedValue(parser)
    : parseOptionValue(parser, bytesType);
  setClientId(parser, host, valueAt, value);
  return true;
}

function setClientId(
  parser: Parser,
  host: HostDraft,
  at: number,
  value: ReturnType<typeof parseOptionValue>,
): void {
  parser.endStatement();
  if (!("constant" in value)) {
    parser.report("a host's client identifier cannot depend on a packet.", undefined, at);
  } else if (host.clientId !== undefined) {
    parser.warn(
      `host ${host.name} has a client identifier already: the first counts.`,
      undefined,
      at,
    );
  } else {
    host.clientId = value.constant;
  }
}

/** `group NAME;`: the host counts as declared inside that group (CONF-10). */
export function joinGroup(parser: Parser, block: Block, host: HostDraft): void {
  const { at } = parser;
  const name = parser.takeLabel("expecting a group name.");
  const group = block.builder.groups.get(name);
  if (group === undefined) {
    const near = hasTypographicQuote(name)
      ? QUOTE_HINT
      : suggestion(name, block.builder.groups.keys());
    const hint = near ?? "a group is declared before the hosts that name it.";
    const message = `unknown group ${name} in host ${host.name}`;
    if (hint === QUOTE_HINT) parser.fail(message, hint, at);
    parser.report(message, hint, at);
  }
  parser.endStatement();
  host.group = group;
}
