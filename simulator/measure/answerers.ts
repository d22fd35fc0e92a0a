import { Offset, SNAME_BYTES } from "../../protocol/dhcp/header.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import type { Reply } from "../device/reply.ts";
import type { SharedIdentifier } from "../plan/run-plan.ts";
import type { ServerAddress } from "../relay/cmts.ts";

/** Finds the server that sent a reply: by option 54, unless several servers share it. */
export class Answerers {
  readonly #servers: readonly { readonly address: number; readonly name: Uint8Array }[];
  readonly #shared: SharedIdentifier | undefined;

  constructor(servers: readonly ServerAddress[], shared?: SharedIdentifier) {
    this.#shared = shared;
    this.#servers = servers.map(({ address }, index) => ({
      address,
      name: new TextEncoder().encode(shared?.serverNames[index] ?? ""),
    }));
  }

  /** The server's address; 0 for a reply without the name of any server. */
  of({ options, bytes }: Pick<Reply, "options" | "bytes">): number {
    const identifier = options.getUInt32(OptionCode.serverIdentifier) ?? 0;
    if (this.#shared === undefined) return identifier;
    if (identifier !== this.#shared.identifier || bytes === undefined) return 0;
    for (const { address, name } of this.#servers) if (isNamed(bytes, name)) return address;
    return 0;
  }
}

function isNamed(bytes: Uint8Array, name: Uint8Array): boolean {
  const { length } = name;
  if (length === 0 || length >= SNAME_BYTES || bytes[Offset.sname + length] !== 0) return false;
  for (let i = 0; i < length; i += 1) if (bytes[Offset.sname + i] !== name[i]) return false;
  return true;
}
