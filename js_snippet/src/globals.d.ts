// Names what the build puts in and what browsers have before the type library knows it.

declare const VERSION: string;

interface Document {
  prerendering?: boolean;
}

interface Navigator {
  readonly globalPrivacyControl?: boolean;
}

interface Window {
  readonly Temporal?: { Now: { timeZoneId(): string } };
}
