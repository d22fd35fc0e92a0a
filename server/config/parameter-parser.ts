import { encodeValue, type FieldType } from "../../protocol/dhcp/option-table.ts";
import { latin1Text } from "./latin1.ts";
import { Token } from "./lexer.ts";
import { type ParsedValue, parseAddressValue, parseOptionValue } from "./option-value-parser.ts";
import {
  type ParameterDefinition,
  type ParameterName,
  parameterOf,
  parameterSlots,
  permissionSlots,
  permissionValues,
} from "./parameters.ts";
import type { Parser } from "./parser.ts";
import { addSetting, parseComputedValue, type StatementTarget } from "./statement-target.ts";

const INFINITE = 0xffff_ffff;

/** A parameter statement, from its name on. */
export function parseParameter(parser: Parser, target: StatementTarget): void {
  const { lexer, at } = parser;
  const name = lexer.word as ParameterName;
  const definition = parameterOf(name) as ParameterDefinition;
  lexer.next();
  if (definition.only !== undefined) {
    parseOnly(parser, name, definition.only, at);
    return;
  }
  const value = parser.accept("=")
    ? parseComputedValue(parser)
    : parseParameterValue(parser, definition);
  parser.endStatement();
  if (definition.process === true) {
    if (!target.isTopLevel) {
      parser.report(`${name} is a setting of the whole server.`, "move it to the top level.", at);
    } else if (!("constant" in value)) {
      parser.report(`${name} must be written out: it cannot depend on a packet.`, undefined, at);
    }
  }
  if (name === "omapi-key" && "constant" in value) {
    const keyName = latin1Text(value.constant);
    parser.keyReferences.push({ name: keyName, lexer, at });
  }
  if (definition.warning !== undefined)
    parser.warn(`${name} ${definition.warning}.`, undefined, at);
  addSetting(parameterSlots[name], "supersede", value, target);
}

/** Fine as long as it asks for what happens anyway. */
function parseOnly(parser: Parser, name: string, only: string, at: number): void {
  const { lexer } = parser;
  const word = lexer.word;
  const isDefault =
    only !== "" &&
    (word === only || (only === "false" && word === "off")) &&
    lexer.isFollowedBy(";");
  if (!isDefault) {
    const hint = only === "" ? undefined : `only "${name} ${only};" is.`;
    parser.fail(`${name} is valid for ISC dhcpd but not supported yet.`, hint, at);
  }
  lexer.next();
  parser.endStatement();
}

function parseParameterValue(parser: Parser, definition: ParameterDefinition): ParsedValue {
  const { lexer, at } = parser;
  switch (definition.type) {
    case "address":
      return parseAddressValue(parser);
    case "space": {
      const isString = lexer.kind === Token.string;
      const name = isString ? parser.takeText("") : parser.takeIdentifier("expecting identifier.");
      const space = parser.registry.space(name);
      if (space === undefined) {
        return parser.fail(`no option space named ${name}.`, "declare it: option space NAME;", at);
      }
      return { constant: Uint8Array.of(space.index) };
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
  const field: FieldType = definition.type as FieldType;
  return parseOptionValue(parser, { fields: [field], repeat: "none" });
}

const subjects: Readonly<Record<string, number>> = permissionSlots;

const notServed: Readonly<Record<string, string>> = {
  bootp: "BOOTP clients are not served yet",
  "dynamic-bootp": "BOOTP clients are not served yet",
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
