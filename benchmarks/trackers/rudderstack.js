import { RudderAnalytics } from "@rudderstack/analytics-js";
const rudder = new RudderAnalytics();
const integrations = { All: true };
rudder.load("1Abcdefghijklmnopqrstuvwxyz", location.origin, {
  integrations,
  lockIntegrationsVersion: true,
  getSourceConfig: () => ({
    source: {
      id: "1", name: "1", writeKey: "1Abcdefghijklmnopqrstuvwxyz", enabled: true, workspaceId: "1",
      config: { statsCollection: { errors: { enabled: false }, metrics: { enabled: false } } },
      connections: [], destinations: [],
    },
  }),
});
rudder.page();
