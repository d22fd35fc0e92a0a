import { measurementOf, type RunMeasurement } from "../../simulator/capacity/trial.ts";
import { runSimulation } from "../../simulator/run/coordinator.ts";
import type { GeneratorReply, GeneratorRequest } from "../harness/generator-messages.ts";

// The generator of the bench, in a process of its own so that it can sit on a processor and in a
// network of its own. It plays the plans that come in and goes when nobody is there to ask.
process.on("message", (request: GeneratorRequest) => {
  void answer(request).then((reply) => process.send?.(reply));
});
process.on("disconnect", () => process.exit());

async function answer({
  plan,
  settings,
}: GeneratorRequest): Promise<GeneratorReply<RunMeasurement>> {
  try {
    const outcome = await runSimulation(plan, () => {});
    return { kind: "measured", result: measurementOf(outcome, settings) };
  } catch (error) {
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}
