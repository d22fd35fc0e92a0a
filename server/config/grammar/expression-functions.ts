import {
  binaryToAscii,
  changeCase,
  computedData,
  concat,
  encodeInteger,
  hardware,
  hostAddresses,
  hostDeclName,
  leasedAddress,
  nullData,
  packetData,
  packetFileName,
  packetServerName,
  pickFirstValue,
  reverse,
  serverHostName,
  substring,
  suffix,
} from "../language/data-expressions.ts";
import {
  constantNumber,
  exists,
  extractInteger,
  isClassified,
  isStatic,
  known,
  leaseTime,
  nullNumber,
} from "../language/logic-expressions.ts";
import { packetOption } from "../language/option-reader.ts";
import { parameterSlots } from "../language/parameters.ts";
import type { DataExpression, Expression, NumericExpression } from "../language/program.ts";
import { defined } from "../language/variable-expressions.ts";
import { takeOption, takeServerOption } from "./option-name.ts";
import type { Parser } from "./parser.ts";

/** What stands between the parentheses of a function. */
export interface Arguments {
  readonly parser: Parser;
  data(): DataExpression;
  numeric(): NumericExpression;
}

/** Parses what follows the function's name, which has been taken. */
export type ExpressionFunction = (given: Arguments) => Expression;

/** The functions and constants of dhcp-eval(5) that are supported (CONF-12). */
const functions: Readonly<Record<string, ExpressionFunction>> = {
  option: ({ parser }) => optionOfPacket(parser),
  "config-option": ({ parser }) => configOption(parser),
  exists: ({ parser }) => exists(optionOfPacket(parser)),
  known: () => known,
  static: () => isStatic,
  hardware: () => hardware,
  "leased-address": () => leasedAddress,
  "host-decl-name": () => hostDeclName,
  filename: () => packetFileName,
  "server-name": () => packetServerName,
  null: () => nullData,
  "lease-time": () => leaseTime,
  "client-state": () => nullNumber,
  defined: ({ parser }) => {
    const name = parser.takeInParentheses(() => parser.takeVariableName());
    parser.stateReads += 1;
    return defined(name);
  },
  check: ({ parser }) => {
    const { at } = parser;
    const name = parser.takeText("string expected.");
    if (name === "default") return isClassified;
    return parser.fail("unknown collection.", 'there is one only: check "default".', at);
  },
  gethostname: ({ parser }) => parser.takeInParentheses(() => serverHostName),
  gethostbyname: ({ parser }) => {
    const message = 'Expecting quoted literal: "foo.example.com"';
    const name = parser.takeInParentheses(() => parser.takeText(message)).toLowerCase();
    parser.hostNames.add(name);
    return hostAddresses(name);
  },
  substring: taking(["data", "numeric", "numeric"], substring),
  suffix: taking(["data", "numeric"], suffix),
  concat: (given) => concat(allData(given, 2)),
  "pick-first-value": (given) => pickFirstValue(allData(given, 1)),
  pick: (given) => pickFirstValue(allData(given, 1)),
  lcase: taking(["data"], (data) => changeCase(data, "lower")),
  ucase: taking(["data"], (data) => changeCase(data, "upper")),
  reverse: taking(["numeric", "data"], reverse),
  packet: taking(["numeric", "numeric"], packetData),
  "binary-to-ascii": taking(["numeric", "numeric", "data", "data"], binaryToAscii),
  "encode-int": taking(["numeric", "width"], encodeInteger),
  "extract-int": taking(["data", "width"], extractInteger),
};

/** Codes of DNS answers (RFC 1035 and 2136) and states of clients: numbers with a name. */
const constants: Readonly<Record<string, number>> = {
  ...{ noerror: 0, formerr: 1, servfail: 2, nxdomain: 3, notimp: 4, refused: 5 },
  ...{ yxdomain: 6, yxrrset: 7, nxrrset: 8, notauth: 9, notzone: 10 },
  ...{ booting: 1, reboot: 2, select: 3, request: 4, bound: 5, renew: 6, rebind: 7 },
};

export function expressionFunction(name: string): ExpressionFunction | undefined {
  if (Object.hasOwn(functions, name)) return functions[name];
  if (Object.hasOwn(constants, name)) return () => constantNumber(constants[name]);
  return undefined;
}

/** Names that begin an expression, for suggestions. */
export const expressionNames: readonly string[] = [...Object.keys(functions), "not"];

/** No packet has options of the space `server`. */
function optionOfPacket(parser: Parser): DataExpression {
  return takeServerOption(parser) === undefined
    ? packetOption(takeOption(parser), parser.registry)
    : nullData;
}

/** Reads what the statements so far have set: an option, or `server.PARAMETER`. */
function configOption(parser: Parser): Expression {
  parser.readsSettings = true;
  parser.stateReads += 1;
  const parameter = takeServerOption(parser);
  if (parameter === "authoritative") return nullData;
  const slot =
    parameter === undefined
      ? parser.registry.slotFor(takeOption(parser))
      : parameterSlots[parameter];
  return computedData((context, settings) => settings?.evaluateAt(slot, context));
}

/** How each kind of argument is taken. */
const kinds = {
  data: (given: Arguments) => given.data(),
  numeric: (given: Arguments) => given.numeric(),
  width: takeWidth,
} as const;

type Kind = keyof typeof kinds;
type Given<Kinds extends readonly Kind[]> = {
  [Place in keyof Kinds]: ReturnType<(typeof kinds)[Kinds[Place]]>;
};

/** A function with these arguments. */
function taking<const Kinds extends readonly Kind[]>(
  wanted: Kinds,
  make: (...given: Given<Kinds>) => Expression,
): ExpressionFunction {
  return (given) =>
    given.parser.takeInParentheses(() => {
      const taken = wanted.map((kind, place) => {
        if (place > 0) given.parser.expect(",", "comma expected.");
        return kinds[kind](given);
      });
      return make(...(taken as unknown as Given<Kinds>));
    });
}

function allData(given: Arguments, countMin: number): DataExpression[] {
  const { parser } = given;
  return parser.takeInParentheses(() => {
    const parts: DataExpression[] = [];
    do parts.push(given.data());
    while (parser.accept(","));
    if (parts.length < countMin) parser.fail("comma expected.", `at least ${countMin} values.`);
    return parts;
  });
}

/** The width of an integer in bits, which must be written out. */
function takeWidth({ parser }: Arguments): number {
  const { at } = parser;
  const bits = parser.takeNumber(0, 0xffff);
  if (bits === 8 || bits === 16 || bits === 32) return bits;
  return parser.fail(`unsupported integer size ${bits}`, "8, 16 or 32 bits.", at);
}
