// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { type HubSubject, placeOfHub } from "./hub-error.ts";

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/**
 * Where an answer sends us; null where it sends nowhere. Never from https to http: what is read on the way
 * could be changed on the way. By hand, because fetch would not tell the hosts between.
 */
export function redirectOf(subject: HubSubject, response: Response, from: URL): URL | null {
  const location = response.headers.get("location");
  if (!REDIRECTS.includes(response.status) || location === null) return null;
  const next = URL.canParse(location, from.href) ? new URL(location, from) : null;
  const isWorse = from.protocol === "https:" && next?.protocol !== "https:";
  if (
    next !== null &&
    /^https?:$/.test(next.protocol) &&
    !isWorse &&
    next.username === "" &&
    next.password === ""
  )
    return next;
  throw new ModelpackError("HUB_UNREACHABLE", `${from.host} redirects to what is no address to follow`, {
    where: placeOfHub({ datasetId: subject.datasetId }),
    hint: isWorse ? "it would leave https for http: check HF_ENDPOINT" : "check HF_ENDPOINT",
  });
}
