import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallback;

/**
 * Takes a token as the brokers of Amazon MSK do: it must be a URL of the cluster's region, presigned for
 * kafka-cluster:Connect with a key that is known here. The signature is computed anew.
 *
 * The keys come as -Dmsk.keys=ID:KEY[:SESSION],…, the region as -Dmsk.region. Each verdict is a line of the broker's log.
 */
public final class MskTokenValidator implements AuthenticateCallbackHandler {
    private static final Set<String> NEEDED = Set.of(
            "Action", "User-Agent", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
            "X-Amz-Signature", "X-Amz-SignedHeaders");
    private static final String TOKEN = "X-Amz-Security-Token";
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'");

    @Override
    public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> entries) {
    }

    @Override
    public void close() {
    }

    @Override
    public void handle(Callback[] callbacks) throws IOException, UnsupportedCallbackException {
        for (Callback callback : callbacks) {
            if (!(callback instanceof OAuthBearerValidatorCallback)) {
                throw new UnsupportedCallbackException(callback);
            }
            OAuthBearerValidatorCallback asked = (OAuthBearerValidatorCallback) callback;
            try {
                OAuthBearerToken token = validated(asked.tokenValue());
                System.out.println("MSK token accepted: " + token.principalName());
                asked.token(token);
            } catch (Exception refusal) {
                System.out.println("MSK token refused: " + refusal.getMessage());
                asked.error("invalid_token: " + refusal.getMessage(), null, null);
            }
        }
    }

    private static OAuthBearerToken validated(String value) throws Exception {
        must(!value.contains("="), "padding");
        String text = new String(Base64.getUrlDecoder().decode(value), StandardCharsets.UTF_8);
        URI url = new URI(text);
        String region = System.getProperty("msk.region");
        must("https".equals(url.getScheme()) && "/".equals(url.getPath()), "no https URL of the root");
        must(("kafka." + region + ".amazonaws.com").equals(url.getAuthority()), "host " + url.getAuthority());

        Map<String, String> parameters = new TreeMap<>();
        List<String> signed = new ArrayList<>();
        for (String pair : url.getRawQuery().split("&")) {
            String[] parts = pair.split("=", 2);
            must(parts.length == 2, "a parameter without a value");
            String before = parameters.put(parts[0], URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
            must(before == null, parts[0] + " twice");
            if (!parts[0].equals("X-Amz-Signature") && !parts[0].equals("User-Agent")) {
                signed.add(pair);
            }
        }
        Set<String> names = new TreeSet<>(parameters.keySet());
        names.remove(TOKEN);
        must(names.equals(NEEDED), "the parameters " + names);
        must("kafka-cluster:Connect".equals(parameters.get("Action")), "another action");
        must("AWS4-HMAC-SHA256".equals(parameters.get("X-Amz-Algorithm")), "another algorithm");
        must("host".equals(parameters.get("X-Amz-SignedHeaders")), "other headers");
        must("900".equals(parameters.get("X-Amz-Expires")), "another time");
        must(!parameters.get("User-Agent").isEmpty(), "no user agent");

        Instant from = LocalDateTime.parse(parameters.get("X-Amz-Date"), DATE).toInstant(ZoneOffset.UTC);
        Instant until = from.plusSeconds(900);
        Instant now = Instant.now();
        must(!now.isBefore(from.minusSeconds(60)) && now.isBefore(until), "not valid now");

        String[] credential = parameters.get("X-Amz-Credential").split("/");
        String day = parameters.get("X-Amz-Date").substring(0, 8);
        must(credential.length == 5, "the credential");
        must(credential[1].equals(day) && credential[2].equals(region), "the scope");
        must(credential[3].equals("kafka-cluster") && credential[4].equals("aws4_request"), "the service");
        String[] key = key(credential[0]);
        must((key.length > 2 ? key[2] : "").equals(parameters.getOrDefault(TOKEN, "")), "the session");

        Collections.sort(signed);
        String request = "GET\n/\n" + String.join("&", signed) + "\nhost:" + url.getAuthority() + "\n\nhost\n" + digest("");
        String scope = String.join("/", credential[1], credential[2], credential[3], credential[4]);
        String toSign = "AWS4-HMAC-SHA256\n" + parameters.get("X-Amz-Date") + "\n" + scope + "\n" + digest(request);
        byte[] mac = ("AWS4" + key[1]).getBytes(StandardCharsets.UTF_8);
        for (String part : new String[] {day, region, "kafka-cluster", "aws4_request", toSign}) {
            mac = mac(mac, part);
        }
        must(hex(mac).equals(parameters.get("X-Amz-Signature")), "the signature");
        return token(value, credential[0], from, until);
    }

    private static String[] key(String id) {
        for (String known : System.getProperty("msk.keys").split(",")) {
            String[] parts = known.split(":");
            if (parts[0].equals(id)) {
                return parts;
            }
        }
        throw new IllegalArgumentException("an unknown key");
    }

    private static OAuthBearerToken token(String value, String name, Instant from, Instant until) {
        return new OAuthBearerToken() {
            @Override
            public String value() {
                return value;
            }

            @Override
            public Set<String> scope() {
                return Set.of();
            }

            @Override
            public long lifetimeMs() {
                return until.toEpochMilli();
            }

            @Override
            public String principalName() {
                return name;
            }

            @Override
            public Long startTimeMs() {
                return from.toEpochMilli();
            }
        };
    }

    private static void must(boolean isSo, String what) {
        if (!isSo) {
            throw new IllegalArgumentException(what);
        }
    }

    private static byte[] mac(byte[] key, String text) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String digest(String text) throws Exception {
        return hex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static String hex(byte[] bytes) {
        StringBuilder out = new StringBuilder();
        for (byte one : bytes) {
            out.append(String.format("%02x", one));
        }
        return out.toString();
    }
}
