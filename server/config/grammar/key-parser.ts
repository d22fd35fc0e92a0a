import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { latin1Bytes } from "../../../protocol/latin1.ts";
import { Token } from "../text/lexer.ts";
import type { Block, Declarations } from "./block.ts";
import type { Parser } from "./parser.ts";

const algorithms = new Set(
  ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"].map((hash) => `hmac-${hash}`),
);
const BASE64 = /[A-Za-z0-9+/=\s]*/y;
const SECRET_BYTES_MAX = 1024;

/** `key NAME { algorithm A; secret BASE64; }`; a `;` may follow. */
export function parseKey(declarations: Declarations, block: Block): void {
  const { parser } = declarations;
  parser.lexer.next();
  const nameAt = parser.at;
  const name = parser.takeName("expecting a name.");
  let algorithm: string | undefined;
  let secret: Uint8Array | undefined;
  takeFields(parser, "expecting algorithm or secret.", (word, at) => {
    if (word === "algorithm") {
      algorithm = takeAlgorithm(parser);
    } else if (word === "secret") {
      secret = takeSecret(parser);
    } else {
      parser.fail("unknown key definition statement.", "expecting algorithm or secret.", at);
    }
  });
  if (algorithm === undefined || secret === undefined) {
    parser.report(`key ${name} lacks its algorithm or its secret.`, undefined, nameAt);
  } else if (block.builder.keys.has(name)) {
    parser.report(`duplicate key name ${name}`, undefined, nameAt);
  } else {
    block.builder.keys.set(name, { name, algorithm, secret });
  }
}

/** Takes `{`, statements that begin with a word, and `}`. A `;` may follow, as in dhcpd. */
function takeFields(
  parser: Parser,
  message: string,
  takeField: (word: string, at: number) => void,
): void {
  parser.expect("{", "expecting left brace.");
  while (!parser.accept("}")) {
    const { at } = parser;
    takeField(parser.takeWord(message).toLowerCase(), at);
    parser.endStatement();
  }
  parser.accept(";");
}

function takeAlgorithm(parser: Parser): string {
  const { at } = parser;
  const name = parser.takeName("expecting a name.").toLowerCase().replace(/\.$/, "");
  // RFC 2845's own name of the oldest one.
  const short = name === "hmac-md5.sig-alg.reg.int" ? "hmac-md5" : name;
  if (algorithms.has(short)) return short;
  const hint = `supported: ${[...algorithms].join(", ")}.`;
  return parser.fail(`Invalid algorithm ${name}`, hint, at);
}

function takeSecret(parser: Parser): Uint8Array {
  const { lexer, at } = parser;
  let text: string;
  if (lexer.kind === Token.string) {
    text = parser.takeText("");
  } else {
    BASE64.lastIndex = at;
    const end = at + (BASE64.exec(lexer.file.text)?.[0].length ?? 0);
    text = lexer.file.text.slice(at, end).replace(/\s+/g, "");
    while (lexer.start < end && lexer.kind !== Token.end) lexer.next();
  }
  const secret = decodeBase64(text);
  if (secret !== undefined && secret.length > 0 && secret.length <= SECRET_BYTES_MAX) return secret;
  return parser.fail("malformed base64.", "the secret of a key is base64 text.", at);
}

function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return latin1Bytes(atob(text));
}

/** `zone NAME { primary A; [secondary B;] [key K;] }` */
export function parseZone(declarations: Declarations, block: Block): void {
  const { parser } = declarations;
  parser.lexer.next();
  const nameAt = parser.at;
  const name = parser.takeDotted("expecting hostname.");
  const servers: Partial<Record<"primary" | "secondary", string>> = {};
  let keyName: string | undefined;
  let keyAt = nameAt;
  takeFields(parser, "expecting primary, secondary or key.", (word, at) => {
    if (word === "primary" || word === "secondary") {
      servers[word] = takeServers(parser);
    } else if (word === "key") {
      keyAt = parser.at;
      keyName = parser.takeName("expecting a name.");
    } else if (word === "primary6" || word === "secondary6") {
      parser.fail(`${word} is valid for ISC dhcpd but not supported yet.`, undefined, at);
    } else {
      parser.fail("unknown zone statement.", "expecting primary, secondary or key.", at);
    }
  });
  const key = keyName === undefined ? undefined : block.builder.keys.get(keyName);
  if (keyName !== undefined && key === undefined) {
    parser.report(`unknown key ${keyName}`, "a key is declared before the zones.", keyAt);
  }
  if (servers.primary === undefined) {
    parser.warn(`zone ${name} lacks its primary server.`, "no update can be sent to it.", nameAt);
    return;
  }
  if (key === undefined && block.builder.keys.size > 0) {
    // ERR-15
    parser.warn(`updates of zone ${name} are not signed.`, "give it a key: key NAME;", nameAt);
  }
  const { primary, secondary } = servers;
  block.builder.zones.push({ name, primary, secondary, key });
}

/** Several may be given; the first is the one to talk to. */
function takeServers(parser: Parser): string {
  const takeOne = (): string =>
    parser.isDottedQuad
      ? formatIpv4(parser.takeIpv4())
      : parser.takeDotted("expecting an address or a host name.");
  const first = takeOne();
  while (parser.accept(",")) takeOne();
  return first;
}
