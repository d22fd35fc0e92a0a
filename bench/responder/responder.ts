import { openUdpSocket, type UdpSocket, waitReadable } from "../../base/net/udp-socket.ts";
import { writeAnswer } from "../../simulator/worker/answer.ts";
import { answerRequests } from "../generators/answer-requests.ts";

/** Opens the socket the first time; asks for a report then and later. */
export interface ResponderRequest {
  readonly address: number;
  readonly port: number;
}

/** What the responder has done since the last report. */
export interface ResponderReport {
  /** The processor time of the whole process. */
  readonly cpuMs: number;
  readonly received: number;
  /** Datagrams that found its receive buffer full, or could not be sent. */
  readonly lost: number;
}

// The server of the generator bench, a process of its own. It answers and remembers nothing.
const WAIT_MS = 1000;
let socket: UdpSocket | undefined;
let last: ResponderReport = { cpuMs: 0, received: 0, lost: 0 };

answerRequests(async (request: ResponderRequest): Promise<ResponderReport> => {
  if (socket === undefined) {
    socket = await openUdpSocket({ ...request, segmentation: true, sharesPort: true });
    void serve(socket, request.address);
  }
  const { received, kernelDrops, sendErrors } = socket.counters;
  const { user, system } = process.cpuUsage();
  const before = last;
  last = { cpuMs: (user + system) / 1000, received, lost: kernelDrops + sendErrors };
  return {
    cpuMs: last.cpuMs - before.cpuMs,
    received: last.received - before.received,
    lost: last.lost - before.lost,
  };
});

async function serve(open: UdpSocket, address: number): Promise<never> {
  const terms = { serverIdentifier: address, leaseSeconds: 86_400 };
  for (;;) {
    const count = open.receive();
    for (let i = 0; i < count; i += 1) {
      const length = writeAnswer(open.bytes(i), terms, open.slot());
      if (length === 0) continue;
      open.push(length, open.sourceAddress(i), open.sourcePort(i), address);
    }
    open.flush();
    await waitReadable([open], WAIT_MS);
  }
}
