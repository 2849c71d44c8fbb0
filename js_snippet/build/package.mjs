export async function buildPackage() {}
