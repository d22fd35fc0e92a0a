import { expect, test } from "vitest";
import { PortRotation } from "./port-rotation.ts";

test("starts in a row share a port, later ones have another, all get their turn", () => {
  const rotation = new PortRotation([-1, 1472, 1472, 1472]);
  const ports = Array.from({ length: 64 * 6 }, () => rotation.next(516));
  expect(new Set(ports.slice(0, 64))).toEqual(new Set([1]));
  expect(new Set(ports.slice(64, 128))).toEqual(new Set([2]));
  expect(ports.filter((port) => port === 3)).toHaveLength(128);
  expect(ports).not.toContain(0);
});

test("long packets go only where they fit, short ones elsewhere", () => {
  const rotation = new PortRotation([-1, 65_468, 1472]);
  expect(rotation.next(1472)).toBe(2);
  expect(rotation.next(1473)).toBe(1);
  expect(() => rotation.next(65_469)).toThrow("no port sends packets of 65469 bytes");
});
