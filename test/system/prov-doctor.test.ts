import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { DOCTOR_SCHEMA, type DoctorResult } from "../../lab/doctor/finding.ts";
import { provProgram } from "../../lab/machine/package-root.ts";

const folder = mkdtempSync(join(tmpdir(), "provlab-doctor-"));
afterAll(() => rmSync(folder, { recursive: true }));

function doctor(environment: Readonly<Record<string, string>> = {}): DoctorResult {
  const ran = spawnSync(process.execPath, [provProgram, "doctor", folder, "--json"], {
    encoding: "utf8",
    env: { ...process.env, ...environment },
  });
  expect(ran.stderr).toBe("");
  expect(ran.status).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
  return JSON.parse(ran.stdout) as DoctorResult;
}

test("measures everything, forecasts a Discover, and leaves no file", () => {
  const { schema, checks, forecast } = doctor();
  expect(schema).toBe(DOCTOR_SCHEMA);
  expect(checks.map(({ id, state }) => [id, state === "unknown"])).toEqual(
    ["disk", "loopback", "timers", "processors", "buffers"].map((id) => [id, false]),
  );
  const [disk, loopback] = checks.map(({ waitsMs }) => waitsMs?.p50);
  // A Renew waits for less than a Discover, and for more than either part.
  expect(forecast!.renew.p50).toBeGreaterThan(Math.max(disk!, loopback!));
  expect(forecast!.discover.p50).toBeGreaterThan(forecast!.renew.p50);
});

test("measures over the portable socket, and says so", () => {
  const { checks } = doctor({ PROVLAB_SOCKET: "dgram" });
  expect(checks[1]).toMatchObject({ id: "loopback", figures: { backend: "dgram" } });
  expect(checks[1]!.waitsMs!.count).toBeGreaterThan(0);
});

test("leaves no file when it is killed at any moment", async () => {
  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    const child = spawn(process.execPath, [provProgram, "doctor", folder], { stdio: "ignore" });
    const exited = once(child, "exit");
    await expect.poll(() => openBelow(child.pid!)).toBe(true);
    child.kill(signal);
    expect(await exited).toEqual([null, signal]);
    expect(readdirSync(folder)).toEqual([]);
  }
});

/** Whether the program has a deleted file of the folder open. */
function openBelow(pid: number): boolean {
  const found = spawnSync("ls", ["-l", `/proc/${pid}/fd`], { encoding: "utf8" }).stdout;
  return found.includes(`${folder}/`) && found.includes("(deleted)");
}
