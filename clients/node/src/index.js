"use strict";
const { Router } = require("./router");

module.exports = { Router };
