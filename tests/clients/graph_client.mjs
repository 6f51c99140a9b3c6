// Copyright: (c) 2026, the email_gateway.azure_apps authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Makes the calls that come in on standard input as lines of JSON (method, path, and maybe body, filter, select,
// header) with Microsoft's Graph client, and prints each answer or error as a line. Runs in the folder that has the
// packages, with its settings in the environment.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "package.json"));
const { ClientSecretCredential } = require("@azure/identity");
const { Client } = require("@microsoft/microsoft-graph-client");
const { TokenCredentialAuthenticationProvider } = require(
  "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials"
);

const { TENANT, CLIENT_ID, CLIENT_SECRET, AUTHORITY, GRAPH } = process.env;
const credential = new ClientSecretCredential(TENANT, CLIENT_ID, CLIENT_SECRET, {
  authorityHost: AUTHORITY,
  disableInstanceDiscovery: true,
});
const authProvider = new TokenCredentialAuthenticationProvider(credential, {
  scopes: ["https://graph.microsoft.com/.default"],
});
const client = Client.initWithMiddleware({
  authProvider,
  baseUrl: GRAPH,
  defaultVersion: "v1.0",
  customHosts: new Set([new URL(GRAPH).hostname]),
});

for await (const line of createInterface({ input: process.stdin })) {
  const { method, path, body, filter, select, header } = JSON.parse(line);
  let request = client.api(path);
  if (filter) request = request.filter(filter);
  if (select) request = request.select(select);
  if (header) request = request.headers(header);
  let answer;
  try {
    answer = { value: (await request[method](body)) ?? null };
  } catch (error) {
    answer = { status: error.statusCode, code: error.code, message: error.message };
  }
  console.log(JSON.stringify(answer));
}
