import { init } from "@plausible-analytics/tracker";
init({
  domain: "site.example",
  endpoint: `${location.origin}/take`,
  captureOnLocalhost: true,
  outboundLinks: true,
  fileDownloads: true,
  formSubmissions: true,
});
