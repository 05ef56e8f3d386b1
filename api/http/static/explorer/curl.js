/** The request as a shell command. It reads the token from the environment: what is pasted into a chat holds no secret. */

export const TOKEN_VARIABLE = "AZIMUTH_TOKEN";

export function curlCommand(url, body, { streams }) {
  const accept = streams ? "text/event-stream" : "application/graphql-response+json, application/json;q=0.9";
  return [
    `curl ${streams ? "--no-buffer " : ""}${quoted(url)}`,
    `  --header "Authorization: Bearer $${TOKEN_VARIABLE}"`,
    "  --header 'Content-Type: application/json'",
    `  --header ${quoted(`Accept: ${accept}`)}`,
    `  --data-raw ${quoted(JSON.stringify(body))}`,
  ].join(" \\\n");
}

function quoted(text) {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
