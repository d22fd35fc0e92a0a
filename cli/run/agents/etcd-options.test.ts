import { Command } from "commander";
import { afterEach, expect, test, vi } from "vitest";
import { UsageError } from "../../options/usage-error.ts";
import {
  addEtcdOptions,
  clearTextWarning,
  type EtcdOptions,
  etcdAccessOf,
  etcdOption,
} from "./etcd-options.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

function accessOf(...args: readonly string[]) {
  const command = new Command().addOption(etcdOption("")).exitOverride();
  addEtcdOptions(command);
  return etcdAccessOf(command.parse(args, { from: "user" }).opts<EtcdOptions>());
}

const plain = ["--etcd", "http://10.0.0.5:2379"];
const safe = ["--etcd", "https://10.0.0.5:2379"];

test("endpoints alone", () => {
  const { endpoints, tls, credentials } = accessOf("--etcd", "http://a:2379, http://b:2380");
  expect(endpoints).toEqual(["http://a:2379", "http://b:2380"]);
  expect([tls, credentials]).toEqual([undefined, undefined]);
});

test.each<[string, readonly string[], RegExp]>([
  ["no URL", ["--etcd", "10.0.0.5:2379"], /"10.0.0.5:2379" is no endpoint: write http:/],
  ["https without certificates", safe, /https:.*2379 needs certificates: give --etcd-ca, /],
  [
    "certificates with http",
    [...plain, "--etcd-ca", "a", "--etcd-certificate", "b", "--etcd-key", "c"],
    /http:.*2379 must be https, because --etcd-ca is given/,
  ],
  ["a CA alone", [...safe, "--etcd-ca", "a"], /^--etcd-ca, .* and --etcd-key go together/],
  ["a user alone", [...plain, "--etcd-user", "u"], /^--etcd-user and .* go together/],
  [
    "files that are not there",
    [...safe, "--etcd-ca", "/no/ca", "--etcd-certificate", "b", "--etcd-key", "c"],
    /^\/no\/ca: the certificate cannot be read \(ENOENT\)/,
  ],
])("%s is refused", (_, args, words) => {
  expect(() => accessOf(...args)).toThrow(UsageError);
  expect(() => accessOf(...args)).toThrow(words);
});

test("plain HTTP to another machine is told", () => {
  const warningOf = (endpoints: string) => clearTextWarning(accessOf("--etcd", endpoints));
  expect(warningOf("http://127.0.0.1:2379,http://localhost:2380")).toBeUndefined();
  expect(warningOf("http://127.0.0.1:2379,http://10.0.0.5:2379")).toMatch(/without certificates/);
  expect(warningOf("http://127.example.net:2379")).toMatch(/without certificates/);
});

test("the environment stands in for options, and they go before it", () => {
  vi.stubEnv("PROVLAB_ETCD_USER", "u");
  vi.stubEnv("PROVLAB_ETCD_PASSWORD_FILE", "/no/password");
  expect(() => accessOf(...plain)).toThrow("/no/password: the password for etcd cannot be read");
  expect(() => accessOf(...plain, "--etcd-password-file", "/none")).toThrow("/none: the password");
});
