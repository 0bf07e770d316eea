"""The usual Python answer to GET /data/ticker/{symbol}: FastAPI, the value in Redis as JSON text."""
import json
import os

import redis.asyncio
from fastapi import FastAPI

app = FastAPI()
cache = redis.asyncio.Redis(host="127.0.0.1", port=int(os.environ["PEER_REDIS_PORT"]))


@app.get("/data/ticker/{symbol}")
async def ticker(symbol: str):
    return json.loads(await cache.get("ticker:" + symbol))
