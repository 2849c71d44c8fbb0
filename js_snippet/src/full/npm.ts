// What the package offers besides: each is handed to `init`, so that a bundle holds only what is used.
import type { Extra } from "../npm";
import { watchDead } from "./dead";
import { arrive, watchDomains } from "./domains";
import { watchErrors } from "./errors";
import { addHints } from "./hints";
import { watchRage } from "./rage";
import { restore, watchServerCookie } from "./server_cookie";
import { watchVitals } from "./vitals";

/** JavaScript errors that nobody caught, as `JavaScript Error`. */
export const errors: Extra = { name: "errors", after: watchErrors };
/** Clicks in anger, as `Rage Click`. */
export const rage: Extra = { name: "rage", after: watchRage };
/** Clicks after which nothing happens, as `Dead Click`. */
export const dead: Extra = { name: "dead", after: watchDead };
/** Core Web Vitals, as `Web Vitals`; loads a file of the collector. */
export const vitals: Extra = { name: "vitals", after: watchVitals };
/** Exact versions and the model of the device. */
export const hints: Extra = { name: "hints", before: addHints };
/** Keeps a visitor the same one between the `domains` of the options. */
export const domains: Extra = { name: "domains", before: arrive, after: watchDomains };
/** Lets the collector keep a copy of the anonymous id, with `serverCookie` of the options. */
export const serverCookie: Extra = { name: "server-cookie", first: restore, after: watchServerCookie };
