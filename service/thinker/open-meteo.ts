// The weather from Open-Meteo: where a place is, then its forecast. No key is needed.
// Source: https://open-meteo.com/en/docs and /en/docs/geocoding-api; answers parsed by zod.
import { z } from "zod";
import type { ThinkRequest } from "../contract/thinker.ts";
import { protocolFailure } from "../provider/http-failure.ts";
import type { ProviderHttp } from "../provider/provider-http.ts";
import { defineTool, type ThinkerTool } from "./thinker-tool.ts";

const JSON_TYPES = ["application/json"];

const placesSchema = z.object({
  results: z
    .array(
      z.object({
        name: z.string(),
        country: z.string().optional(),
        latitude: z.number(),
        longitude: z.number(),
      }),
    )
    .optional(),
});

const forecastSchema = z.object({
  current: z.object({
    temperature_2m: z.number(),
    apparent_temperature: z.number(),
    weather_code: z.number(),
    wind_speed_10m: z.number(),
  }),
  daily: z.object({
    time: z.array(z.string()),
    weather_code: z.array(z.number()),
    temperature_2m_max: z.array(z.number()),
    temperature_2m_min: z.array(z.number()),
    precipitation_probability_max: z.array(z.number().nullable()),
  }),
});

export interface OpenMeteo {
  readonly geocoding: ProviderHttp;
  readonly forecast: ProviderHttp;
}

/** The tool for one question: the caller's unit unless the model names another. */
export function forecastTool({ geocoding, forecast }: OpenMeteo, request: ThinkRequest) {
  const schema = z.object({
    place: z.string().trim().min(1).max(100).describe("City or village, without the country"),
    unit: z.enum(["celsius", "fahrenheit"]).optional(),
  });
  const known = request.context.preferences.temperatureUnit;
  const tool: ThinkerTool = defineTool(
    "forecast",
    "Current weather and the next three days of a place",
    schema,
    async ({ place, unit }, signal) => {
      const found = await placeOf(geocoding, place, signal);
      if (found === undefined) return `There is no place called ${JSON.stringify(place)}.`;
      const temperatureUnit = unit ?? (known === "" ? "celsius" : known);
      return forecastOf(forecast, found, temperatureUnit, signal);
    },
  );
  return tool;
}

type Place = NonNullable<z.infer<typeof placesSchema>["results"]>[number];

async function placeOf(
  geocoding: ProviderHttp,
  name: string,
  signal: AbortSignal,
): Promise<Place | undefined> {
  const query = { name, count: "1", language: "en", format: "json" };
  const request = { method: "GET", path: "/v1/search", query, contentTypes: JSON_TYPES } as const;
  return geocoding.ask(request, signal, async (answer) => {
    const parsed = placesSchema.safeParse(await answer.json());
    if (!parsed.success)
      throw protocolFailure(geocoding.provider, "its answer is no list of places");
    return parsed.data.results?.[0];
  });
}

async function forecastOf(
  forecast: ProviderHttp,
  place: Place,
  unit: "celsius" | "fahrenheit",
  signal: AbortSignal,
): Promise<string> {
  const query = {
    latitude: String(place.latitude),
    longitude: String(place.longitude),
    current: "temperature_2m,apparent_temperature,weather_code,wind_speed_10m",
    daily: "weather_code,temperature_2m_max,temperature_2m_min,precipitation_probability_max",
    timezone: "auto",
    forecast_days: "3",
    temperature_unit: unit,
  };
  const request = { method: "GET", path: "/v1/forecast", query, contentTypes: JSON_TYPES } as const;
  const found = await forecast.ask(request, signal, async (answer) => {
    const parsed = forecastSchema.safeParse(await answer.json());
    if (!parsed.success) throw protocolFailure(forecast.provider, "its answer is no forecast");
    return parsed.data;
  });
  const { current, daily } = found;
  return JSON.stringify({
    place: place.name,
    country: place.country ?? "",
    unit,
    now: {
      temperature: current.temperature_2m,
      feelsLike: current.apparent_temperature,
      sky: skyOf(current.weather_code),
      windKmh: current.wind_speed_10m,
    },
    days: daily.time.map((date, index) => ({
      date,
      sky: skyOf(daily.weather_code[index] ?? -1),
      high: daily.temperature_2m_max[index],
      low: daily.temperature_2m_min[index],
      rainPercent: daily.precipitation_probability_max[index] ?? null,
    })),
  });
}

/** WMO code table 4677, as Open-Meteo's documentation lists it. */
function skyOf(code: number): string {
  if (code < 0) return "unknown";
  if (code === 0) return "clear";
  if (code <= 2) return "partly cloudy";
  if (code === 3) return "overcast";
  if (code === 45 || code === 48) return "fog";
  if (code >= 51 && code <= 57) return "drizzle";
  if (code >= 61 && code <= 67) return "rain";
  if (code >= 71 && code <= 77) return "snow";
  if (code >= 80 && code <= 82) return "showers";
  if (code === 85 || code === 86) return "snow showers";
  if (code >= 95) return "thunderstorm";
  return "unknown";
}
