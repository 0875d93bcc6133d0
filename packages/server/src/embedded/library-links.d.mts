export declare function linkLibraries(packageFolder: string): number;
