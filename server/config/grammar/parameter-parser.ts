import { encodeValue, type FieldType } from "../../../protocol/dhcp/option-table.ts";
import { latin1Bytes, latin1Text } from "../../../protocol/latin1.ts";
import {
  type ParameterDefinition,
  type ParameterName,
  parameterOf,
  parameterSlots,
  permissionSlots,
  permissionValues,
} from "../language/parameters.ts";
import type { SetMode } from "../language/program.ts";
import { Token } from "../text/lexer.ts";
import { parseComputedValue } from "./expression-parser.ts";
import { parseOptionValue } from "./option-value-parser.ts";
import type { Parser } from "./parser.ts";
import { checkLeaseTimes, checkText } from "./pitfalls.ts";
import { addSetting, type ParsedValue, type StatementTarget } from "./statement-target.ts";

const INFINITE = 0xffff_ffff;

/** A parameter statement, from its name on. */
export function parseParameter(parser: Parser, target: StatementTarget): void {
  const name = parser.lexer.word as ParameterName;
  const { at } = parser;
  parser.lexer.next();
  parseParameterValue(parser, name, "supersede", target, at);
}

/** What comes after the name of a parameter, in its own statement or in `option server.NAME`; `at`: where that began. */
export function parseParameterValue(
  parser: Parser,
  name: ParameterName,
  mode: SetMode,
  target: StatementTarget,
  at: number,
): void {
  const { lexer } = parser;
  const definition = parameterOf(name) as ParameterDefinition;
  if (definition.refused !== undefined) {
    const message = `${name} is valid for ISC dhcpd but not supported yet.`;
    parser.fail(message, definition.refused, at);
  }
  if (name === "server-identifier" && target.depth > 0) {
    parser.fail(
      "server-identifier cannot stand inside an if.",
      "use option dhcp-server-identifier.",
      at,
    );
  }
  const value = parser.accept("=") ? parseComputedValue(parser) : parseValue(parser, definition);
  if (definition.type === "address" && parser.lexer.is(",")) {
    // ERR-1
    const hint = `${name} has one address; option tftp-server-address has a list of TFTP servers.`;
    parser.fail("semicolon expected.", hint);
  }
  parser.endStatement();
  if (definition.process === true) {
    if (!target.isTopLevel) {
      const message = `${name} has no effect here: it is a setting of the whole server.`;
      parser.warn(message, "move it to the top level.", at);
    } else if (!("constant" in value)) {
      const hint = "write the value out: it cannot depend on a packet.";
      parser.warn(`${name} has no effect.`, hint, at);
    }
  }
  if (name === "omapi-key" && "constant" in value) {
    const keyName = latin1Text(value.constant);
    parser.keyReferences.push({ name: keyName, lexer, at });
  }
  if (definition.warning !== undefined)
    parser.warn(`${name} ${definition.warning}.`, undefined, at);
  if (definition.type === "text" && "constant" in value) {
    checkText(parser, name, value.constant, at);
  }
  addSetting(parameterSlots[name], mode, value, target);
  checkLeaseTimes(parser, name, target, at);
}

function parseValue(parser: Parser, definition: ParameterDefinition): ParsedValue {
  const { lexer, at } = parser;
  switch (definition.type) {
    case "space": {
      const name = parser.takeIdentifier("expecting identifier.");
      // dhcpd accepts this silently, and the option stays empty (ERR-18).
      parser.spaceReferences.push({ name, lexer, at });
      return { constant: latin1Bytes(name) };
    }
    case "word": {
      const word =
        lexer.kind === Token.string
          ? parser.takeText("")
          : parser.takeDotted("expecting identifier.");
      const { words } = definition;
      if (words !== undefined && !words.includes(word.toLowerCase())) {
        parser.fail(`unknown or unsupported value ${word}.`, `supported: ${words.join(", ")}.`, at);
      }
      return { constant: encodeValue({ fields: ["text"], repeat: "none" }, [word]) };
    }
    case "u32":
      if (parser.acceptWord("infinite")) {
        return { constant: encodeValue({ fields: ["u32"], repeat: "none" }, [INFINITE]) };
      }
      break;
    default:
      break;
  }
  const field = definition.type === "address" ? "ip" : (definition.type as FieldType);
  return parseOptionValue(parser, { fields: [field], repeat: "none" });
}

const subjects: Readonly<Record<string, number>> = permissionSlots;

const notServed: Readonly<Record<string, string>> = {
  "dynamic-bootp": "range dynamic-bootp and the permits of pools say who gets a lease",
  leasequery: "lease queries are not answered yet",
};

/** After `allow`, `deny` or `ignore`, outside pools. */
export function parsePermission(
  parser: Parser,
  verb: "allow" | "deny" | "ignore",
  target: StatementTarget,
): void {
  const { at } = parser;
  const subject = parser.lexer.word;
  if (!Object.hasOwn(subjects, subject)) {
    const hint = `known here: ${Object.keys(subjects).join(", ")}; the others belong into a pool.`;
    parser.fail("expecting allow/deny key", hint);
  }
  parser.lexer.next();
  parser.endStatement();
  if (verb === "allow" && Object.hasOwn(notServed, subject)) {
    parser.warn(`allow ${subject} has no effect: ${notServed[subject]}.`, undefined, at);
  }
  const value = { constant: Uint8Array.of(permissionValues[verb]) };
  addSetting(subjects[subject], "supersede", value, target);
}
