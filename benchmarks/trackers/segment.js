import { AnalyticsBrowser } from "@segment/analytics-next";
const host = `${location.host}/v1`;
const analytics = AnalyticsBrowser.load({
  writeKey: "key",
  cdnSettings: { integrations: { "Segment.io": { apiKey: "key", apiHost: host, protocol: "http" } } },
});
analytics.page();
