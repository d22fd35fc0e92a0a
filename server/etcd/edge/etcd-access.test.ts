import { expect, test } from "vitest";
import { openEtcdWarning } from "./etcd-access.ts";

test("an etcd that lets everybody in is told by its endpoints, with what to do", () => {
  const endpoints = ["http://10.0.0.1:2379", "http://10.0.0.2:2379"];
  expect(openEtcdWarning({ endpoints })).toMatch(/http:..10.0.0.1:2379, .*prov pair init/);
  const tls = { ca: "ca.crt", certificate: "prov.crt", key: "prov.key" };
  expect(openEtcdWarning({ endpoints, tls })).toBeUndefined();
});
