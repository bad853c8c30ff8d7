// A center and its API for tests from Node: Connect's clients by gRPC-Web, with
// the API's own descriptors.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

export const npm = createRequire(new URL("../npm/package.json", import.meta.url));
const { createClient } = npm("@connectrpc/connect");
const { createGrpcWebTransport } = npm("@connectrpc/connect-node");
const { createFileRegistry, fromBinary } = npm("@bufbuild/protobuf");
const { FileDescriptorSetSchema } = npm("@bufbuild/protobuf/wkt");

export const [bin, descriptors] = process.argv.slice(2);
export const password = "a password of the gateway's tests";

const registry = createFileRegistry(
  fromBinary(FileDescriptorSetSchema, readFileSync(descriptors)),
);
const operatorRole = registry
  .getEnum("housecall.v1.Role")
  .values.find((value) => value.name === "ROLE_OPERATOR").number;

export const service = (name) => registry.getService(`housecall.v1.${name}`);

// A client of one of the API's services. `connection` says where, as
// createGrpcWebTransport wants it.
export function clientOf(name, connection, headers = {}) {
  const transport = createGrpcWebTransport({
    ...connection,
    interceptors: [
      (next) => (request) => {
        for (const [key, value] of Object.entries(headers)) request.header.set(key, value);
        return next(request);
      },
    ],
  });
  return createClient(service(name), transport);
}

// The headers of whoever is logged in.
export async function logIn(account, connection) {
  const { token } = await clientOf("SessionService", connection).createSession({
    account: `centers/hino/accounts/${account}`,
    password,
  });
  return { authorization: `Bearer ${token}` };
}

// A new database with the center "hino" and its administrator.
export function createCenter(database) {
  execFileSync(
    join(bin, "housecalld"),
    ["create-center", `--db=${database}`, "--center=hino", "--display_name=日野",
      "--position=35.67,139.39", "--last_resort_name=当番", "--last_resort_phone=042",
      "--admin=admin"],
    { input: `${password}\n`, stdio: ["pipe", "ignore", "ignore"] },
  );
}

// An operator with an account, made by the administrator.
export async function createOperator(connection) {
  const directory = clientOf("DirectoryService", connection, await logIn("admin", connection));
  await directory.createPerson({
    parent: "centers/hino",
    person: {
      name: "centers/hino/people/operator",
      organization: "centers/hino/organizations/center-office",
      displayName: "森",
    },
    requestId: crypto.randomUUID(),
  });
  await directory.createAccount({
    parent: "centers/hino",
    account: {
      name: "centers/hino/accounts/operator",
      person: "centers/hino/people/operator",
      roles: [operatorRole],
    },
    password,
    requestId: crypto.randomUUID(),
  });
}
