exports.name = "dep";
