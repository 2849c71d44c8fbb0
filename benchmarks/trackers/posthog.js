import posthog from "posthog-js";
posthog.init("key", {
  api_host: location.origin,
  capture_pageview: true,
  disable_session_recording: true,
  disable_surveys: true,
  advanced_disable_flags: true,
});
