import { systemClock } from "../../base/clock.ts";
import { openUdpSocket } from "../../base/net/udp-socket.ts";
import { answerRequests } from "./answer-requests.ts";
import { type LoadPlan, type LoadResult, runLoad } from "./download-load.ts";

// The devices of the TFTP bench, in a process of their own on a processor and a side of the network
// of their own.
async function play(plan: LoadPlan): Promise<LoadResult> {
  // The wildcard address, any port: the devices' addresses are in the packets.
  const socket = await openUdpSocket({ address: 0, port: 0, backend: "batch" });
  try {
    return await runLoad(socket, systemClock, plan);
  } finally {
    socket.close();
  }
}

answerRequests(play);
