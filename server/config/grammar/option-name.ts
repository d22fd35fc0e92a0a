import type { RegisteredOption } from "../language/option-registry.ts";
import { type ParameterName, parameterNames, parameterOf } from "../language/parameters.ts";
import { suggestion } from "../text/hints.ts";
import type { Parser } from "./parser.ts";

/** `NAME` or `SPACE.NAME`; `unknown-N` is code N of a space, whatever it may be called. */
export function takeOption(parser: Parser): RegisteredOption {
  const { registry } = parser;
  const { at } = parser;
  let spaceName = "dhcp";
  let name = parser.takeWord("expecting identifier after option keyword.");
  if (parser.accept(".")) {
    spaceName = name;
    name = parser.takeWord("expecting identifier after '.'");
  }
  const space = registry.space(spaceName);
  if (space === undefined) return parser.fail(...missingSpace(parser, spaceName), at);
  const option = space.byName.get(name.toLowerCase());
  if (option !== undefined) {
    return option;
  }
  const code = /^unknown-(\d{1,5})$/i.exec(name);
  if (code !== null) {
    const number = Number(code[1]);
    const max = space.codeWidth === 1 ? 254 : 0xffff;
    if (number > 0 && number <= max) {
      return (
        space.byCode.get(number) ??
        registry.define(space, number, name.toLowerCase(), { fields: ["bytes"], repeat: "none" })
      );
    }
  }
  const near = suggestion(name, space.byName.keys());
  const hint =
    near ??
    `own options are declared first: option ${spaceName === "dhcp" ? "" : `${spaceName}.`}${name} code N = TYPE;`;
  return parser.fail(`unknown option ${spaceName}.${name}`, hint, at);
}

/** In dhcpd's table of parameters, which never looks at it there. */
const AUTHORITATIVE = "authoritative";

/**
 * `server.NAME`: a parameter, which dhcpd also has as an option of a space of its own; undefined, and nothing is taken,
 * if something else stands here.
 */
export function takeServerOption(parser: Parser): ParameterName | typeof AUTHORITATIVE | undefined {
  if (parser.lexer.word !== "server" || !parser.lexer.isFollowedBy(".")) return undefined;
  parser.lexer.next();
  parser.lexer.next();
  const { at } = parser;
  const name = parser.takeWord("expecting identifier after '.'").toLowerCase();
  if (name === AUTHORITATIVE) return name;
  // It is a parameter for us; for dhcpd it is option 54.
  if (parameterOf(name) === undefined || name === "server-identifier") {
    parser.fail(`unknown option server.${name}`, suggestion(name, parameterNames), at);
  }
  return name as ParameterName;
}

/** Spaces that dhcpd has for DHCPv6, whether it speaks that or not. */
const version6Spaces: ReadonlySet<string> = new Set(["dhcp6", "vsio", "isc6"]);

/** Message and hint about a space that is not declared, or that only DHCPv6 has. */
export function missingSpace(parser: Parser, name: string): [message: string, hint: string] {
  const shown = name.slice(0, 60);
  if (version6Spaces.has(name.toLowerCase())) {
    const message = `option space ${shown} is only supported in DHCPv6 mode.`;
    return [message, "this server speaks DHCPv4: leave the statement out."];
  }
  const near = suggestion(name, parser.registry.spaceNames());
  return [`no option space named ${shown}.`, near ?? `declare it: option space ${shown};`];
}
