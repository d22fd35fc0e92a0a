import { MessageType } from "../../protocol/dhcp/message-type.ts";
import type { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { type DhcpPacket, decodePacket, messageType } from "../../protocol/dhcp/packet.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { formatMac } from "../../protocol/mac.ts";
import type { UdpFrame } from "../../protocol/udp-frame.ts";
import { Wire } from "./differential/wire.testing.ts";

/** A DHCP message with how it travelled on the link where it was heard. */
export interface Overheard {
  /** Option 53. */
  readonly type: number;
  readonly packet: DhcpPacket;
  readonly frame: UdpFrame;
}

const pollMs = 20;

/** Every DHCP message that comes in on one interface, whoever it is for. */
export class Tap {
  readonly #wire: Wire;
  readonly #ports: readonly [first: number, last: number];
  readonly #heard: Overheard[] = [];

  /** `serverPort` and the one after it are DHCP. */
  constructor(namespace: string, interfaceName: string, serverPort = 67) {
    this.#wire = new Wire(namespace, interfaceName);
    this.#ports = [serverPort, serverPort + 1];
  }

  get hardwareAddress(): Uint8Array {
    return this.#wire.hardwareAddress;
  }

  /** In their order, from the `from`th on. Throws DecodeError for what is no DHCP message. */
  heard(from = 0): readonly Overheard[] {
    for (const frame of this.#wire.receive()) {
      if (!this.#ports.includes(frame.destinationPort)) continue;
      const packet = decodePacket(frame.payload);
      this.#heard.push({ type: messageType(packet), packet, frame });
    }
    return this.#heard.slice(from);
  }

  /** The first message from the `from`th on that is wanted; `what` is for the error. */
  async next(
    what: string,
    from: number,
    isWanted: (message: Overheard) => boolean,
    timeoutMs = 90_000,
  ): Promise<Overheard> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = this.heard(from).find(isWanted);
      if (found !== undefined) return found;
      if (performance.now() > deadline) {
        const instead = this.heard(from).map((message) => `\n${summaryOf(message)}`);
        throw new Error(`no ${what} within ${timeoutMs} ms; instead:${instead.join("")}`);
      }
      await new Promise((resume) => setTimeout(resume, pollMs));
    }
  }

  close(): void {
    this.#wire.close();
  }
}

/** Messages from and to the client with this hardware address. */
export const of =
  (mac: string) =>
  ({ packet }: Overheard): boolean =>
    formatMac(packet.chaddr) === mac;

export const isRequest = ({ type }: Overheard): boolean => type === MessageType.request;

/** From, or to, a client that has its address already: it is RENEWING, REBINDING, or done with it. */
export const fromHolder = ({ packet }: Overheard): boolean => packet.ciaddr !== 0;

export const isToEverybody = ({ frame }: Overheard): boolean => frame.destination === 0xffff_ffff;

/** Where a message went on the link: "10.9.0.130:68 at 02:00:00:00:00:01". */
export function wayOf({ frame }: Overheard): string {
  const { destination, destinationPort, destinationMac } = frame;
  return `${formatIpv4(destination)}:${destinationPort} at ${formatMac(destinationMac)}`;
}

/** Value of an option as hexadecimal digits; undefined without the option. */
export function optionOf({ packet }: Overheard, code: OptionCode): string | undefined {
  const value = packet.options.get(code);
  return value === undefined ? undefined : Buffer.from(value).toString("hex");
}

function summaryOf(message: Overheard): string {
  const { type, packet } = message;
  const addresses = [packet.ciaddr, packet.yiaddr, packet.giaddr].map(formatIpv4).join(" ");
  return `type ${type} of ${formatMac(packet.chaddr)} to ${wayOf(message)}, ciaddr yiaddr giaddr ${addresses}`;
}
