// A client in one file: a token by client credentials, typed documents, and patience where the API asks for it.
import { setTimeout as sleep } from "node:timers/promises";

import type { TypedDocumentString } from "./gql/graphql.ts";

export const address = process.env.AZIMUTH ?? "http://127.0.0.1:8400";
const credentials = btoa(`${process.env.CLIENT_ID}:${process.env.CLIENT_SECRET}`);
const MOST_ATTEMPTS = 5;

/** Codes are for programs, in `errors[].extensions.code`; messages are for people. */
export class Refused extends Error {
  readonly codes: string[];

  constructor(errors: { message: string; extensions: { code: string } }[]) {
    super(errors.map((each) => each.message).join("\n"));
    this.codes = errors.map((each) => each.extensions.code);
  }
}

let known = { token: "", until: 0 };

/** The same until it has a minute left. */
export async function accessToken(): Promise<string> {
  if (Date.now() >= known.until) {
    const answer = await fetch(`${address}/oauth/token`, {
      method: "POST",
      headers: { Authorization: `Basic ${credentials}` },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
    });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error_description ?? told.error);
    known = { token: told.access_token, until: Date.now() + (told.expires_in - 60) * 1000 };
  }
  return known.token;
}

/** Throws Refused. A 429 or a 503 says when to come again. */
export async function ask<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(`${address}/graphql`, {
      method: "POST",
      headers: { Authorization: `Bearer ${await accessToken()}`, "Content-Type": "application/json" },
      body: JSON.stringify({ query: document.toString(), variables }),
    });
    if ((answer.status === 429 || answer.status === 503) && attempt < MOST_ATTEMPTS) {
      const seconds = Number(answer.headers.get("Retry-After") ?? 1);
      console.error(`${answer.status}: again in ${seconds} s`);
      await sleep(seconds * 1000);
      continue;
    }
    const { data, errors } = await answer.json();
    if (errors) throw new Refused(errors);
    return data;
  }
}
