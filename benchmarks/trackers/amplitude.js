import * as amplitude from "@amplitude/analytics-browser";
amplitude.init("key", { serverUrl: `${location.origin}/take`, fetchRemoteConfig: false, remoteConfig: { fetchRemoteConfig: false } });
