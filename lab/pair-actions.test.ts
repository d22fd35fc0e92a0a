import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LabProcess } from "./machine/lab-process.ts";
import { type ActionStage, performAction } from "./pair-actions.ts";

test.runIf(process.platform === "linux")(
  "a node that is killed once more while it comes up is no fault of the first kill",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "provlab-actions-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const node = new LabProcess(
      {
        ...{ name: "prov-b", place: "node-b", files: [{ path: "starts", text: "" }] },
        // Comes up at its third start.
        command: [
          "sh",
          "-c",
          "echo x >> starts; [ $(wc -l < starts) = 3 ] && echo up; exec sleep 60",
        ],
        isReady: (log) => log.includes("up"),
      },
      {
        ...{ folder, environment: {}, wrap: (command) => command },
        onDeath: (words) => expect.unreachable(words),
      },
    );
    onTestFinished(() => node.kill());
    const hasStarted = (times: number) =>
      expect
        .poll(() => readFileSync(join(node.folder, "starts"), "utf8"))
        .toBe("x\n".repeat(times));
    node.writeFiles();
    node.launch();
    await hasStarted(1);
    const stage = {
      nodes: { b: { process: node, member: undefined, control: undefined, disk: undefined } },
    } as unknown as ActionStage;

    const first = await performAction(stage, { verb: "kill", node: "b" }, "b");
    const started = first.undo!();
    await hasStarted(2);
    const second = await performAction(stage, { verb: "kill", node: "b" }, "b");
    await started;
    await second.undo!();
    expect(node.isRunning).toBe(true);
  },
);
