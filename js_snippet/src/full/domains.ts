// Knows a visitor again on the site's other domains: links there carry a token, which is taken over at arrival.
import { whenAllowed } from "../consent";
import { guard, listen } from "../guard";
import { anonymousId, newVisitor, setUser, told, userId } from "../identity";
import { options } from "../options";
import { joinSession, openSession } from "../session";
import * as token from "./token";

const PARAMETER = "ww_visitor";
const IN_ADDRESS = new RegExp(`([?&])${PARAMETER}=([^&#]*)&?`);

/** Takes the token out of the address, and at its word if the visitor really comes from one of the listed domains. */
export function arrive(): void {
  const [found, , text = ""] = IN_ADDRESS.exec(location.href) ?? [];
  if (!found) return;
  const address = location.href.replace(IN_ADDRESS, "$1").replace(/[?&](?=#|$)/, "");
  history.replaceState(history.state, "", address);
  const ids = token.read(text, location.hostname, Date.now());
  if (ids && domainOf(hostOf(document.referrer))) whenAllowed(() => told(ids) && become(ids));
}

function become(ids: token.Ids): void {
  const user = userId();
  newVisitor(ids.anonymousId);
  if (user) setUser(user);
  if (ids.sessionId) joinSession(ids.sessionId, Date.now());
}

export function watchDomains(): void {
  listen("click auxclick", (event: MouseEvent) => {
    const link = event.composedPath().find((node) => node instanceof Element && /^a(rea)?$/.test(node.localName));
    if (event.button < 2 && link) decorate(link as Element);
  });
}

/** The address as it stands in the page, of the links that have one for now. */
const decorated = new WeakMap<Element, string>();

/** For this click only: whoever copies the address of the link later gets it as it was. */
function decorate(link: Element): void {
  const name = ["href", "xlink:href"].find((one) => link.hasAttribute(one));
  if (!name || decorated.has(link)) return;
  const plain = link.getAttribute(name)!;
  const { hostname, href } = new URL(plain, document.baseURI);
  const domain = domainOf(hostname);
  const visitor = told(anonymousId());
  if (!domain || domain === domainOf(location.hostname) || !visitor) return;
  const now = Date.now();
  const text = token.write({ anonymousId: visitor, sessionId: openSession(now) ?? "" }, hostname, now);
  const [address = "", ...fragment] = href.split(/(?=#)/);
  decorated.set(link, plain);
  link.setAttribute(name, [`${address}${address.includes("?") ? "&" : "?"}${PARAMETER}=${text}`, ...fragment].join(""));
  setTimeout(
    guard(() => {
      decorated.delete(link);
      link.setAttribute(name, plain);
    }),
  );
}

/** The listed domain that a host is or belongs to. */
function domainOf(host: string): string | undefined {
  return options.domains?.split(" ").find((domain) => domain && `.${host}`.endsWith(`.${domain}`));
}

function hostOf(address: string): string {
  return address && new URL(address).hostname;
}
