// The file that only pages which ask for web vitals load.
export { onCLS, onFCP, onINP, onLCP, onTTFB } from "web-vitals";
