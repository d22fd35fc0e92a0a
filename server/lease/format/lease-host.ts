import { latin1Bytes, latin1Text } from "../../../protocol/latin1.ts";
import { hardwareType } from "../agent-option.ts";
import type { LeaseClient } from "../lease.ts";
import type { LeaseFileBlock } from "./lease-file.ts";
import { Byte, LeaseLexer, LeaseSyntaxError } from "./lease-lexer.ts";

/**
 * A `host` of the lease file: created through OMAPI while the server ran, or the deletion of a host.
 * `hardware` and `clientId` identify its client.
 */
export interface LeaseHost extends LeaseClient {
  readonly name: string;
  /** Created while the server ran. A deletion without this flag concerns a host of dhcpd.conf. */
  readonly isDynamic: boolean;
  /** The host is deleted, even if dhcpd.conf declares it; the other fields are empty then. */
  readonly isDeleted: boolean;
  /** Unsigned 32-bit IPv4 addresses. */
  readonly fixedAddresses: readonly number[];
  /** Name of the host's `group`. */
  readonly groupName?: string;
  /** The other statements as text: whatever dhcpd.conf allows in a host. */
  readonly statements: readonly string[];
}

export interface LeaseHosts {
  readonly hosts: readonly LeaseHost[];
  /** Of each host that could not be parsed `host NAME: why`. They stay in the file unchanged. */
  readonly unreadable: readonly string[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Draft = Mutable<LeaseHost> & { fixedAddresses: number[]; statements: string[] };

/** Finds the hosts among the declarations of a lease file. */
export function hostsOf(blocks: Iterable<LeaseFileBlock>): LeaseHosts {
  const hosts: LeaseHost[] = [];
  const unreadable: string[] = [];
  for (const { kind, key, text } of blocks) {
    if (kind !== "host") continue;
    try {
      hosts.push(parseHost(text));
    } catch (error) {
      if (!(error instanceof LeaseSyntaxError)) throw error;
      unreadable.push(`${key}: ${error.message}`);
    }
  }
  return { hosts, unreadable };
}

/** Reads `host NAME { … }`, one character a byte. Throws LeaseSyntaxError. */
function parseHost(text: string): LeaseHost {
  const bytes = latin1Bytes(text);
  const lexer = new LeaseLexer(bytes, 0, bytes.length);
  lexer.word();
  const name = nameIn(lexer);
  const host: Draft = {
    ...{ name, isDynamic: false, isDeleted: false },
    ...{ fixedAddresses: [], statements: [] },
  };
  lexer.expect(Byte.openingBrace);
  while (lexer.peek() !== Byte.closingBrace) readStatement(lexer, host);
  return host;
}

function readStatement(lexer: LeaseLexer, host: Draft): void {
  const word = wordOf(lexer).toLowerCase();
  const start = lexer.wordStart;
  switch (word) {
    case "dynamic":
      host.isDynamic = true;
      break;
    case "deleted":
      host.isDeleted = true;
      break;
    case "hardware": {
      const typeName = wordOf(lexer).toLowerCase();
      const type = hardwareType(typeName);
      if (type === undefined) lexer.fail(`unknown hardware type '${typeName}'`);
      const address = lexer.peek() === Byte.semicolon ? new Uint8Array(0) : lexer.hexList().slice();
      host.hardware = { type, address };
      break;
    }
    case "uid":
      host.clientId = lexer.data().slice();
      break;
    case "fixed-address":
      host.fixedAddresses.push(lexer.address());
      while (lexer.peek() === Byte.comma) {
        lexer.at += 1;
        host.fixedAddresses.push(lexer.address());
      }
      break;
    case "group":
      host.groupName = nameIn(lexer);
      break;
    default:
      lexer.skipStatement();
      host.statements.push(latin1Text(lexer.bytes.subarray(start, lexer.at)));
      return;
  }
  lexer.expect(Byte.semicolon);
}

function wordOf(lexer: LeaseLexer): string {
  lexer.word();
  return lexer.wordText();
}

function nameIn(lexer: LeaseLexer): string {
  return lexer.peek() === Byte.quote ? latin1Text(lexer.string()) : wordOf(lexer);
}
