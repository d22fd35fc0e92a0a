import { systemClock } from "../../base/clock.ts";
import { openUdpSocket } from "../../base/net/udp-socket.ts";
import type { GeneratorReply } from "../generator-messages.ts";
import { type LoadPlan, type LoadResult, runLoad } from "./download-load.ts";

// The devices of the TFTP bench, in a process of their own on a processor and a side of the network
// of their own. It plays the loads that come in, and goes when nobody is there to ask.
process.on("message", (plan: LoadPlan) => {
  void answer(plan).then((reply) => process.send?.(reply));
});
process.on("disconnect", () => process.exit());

async function answer(plan: LoadPlan): Promise<GeneratorReply<LoadResult>> {
  try {
    // The wildcard address, any port: the devices' addresses are in the packets.
    const socket = await openUdpSocket({ address: 0, port: 0, backend: "batch" });
    try {
      return { kind: "measured", result: await runLoad(socket, systemClock, plan) };
    } finally {
      socket.close();
    }
  } catch (error) {
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}
