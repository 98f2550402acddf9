# A client like those of May 2008: Mechanize fills in the login form, patterns find the rest in the home page.
# It prints each event as a line with a JSON array, and sends each line "UID TEXT" that it reads.
require 'json'
require 'mechanize'

WWW = 'http://www.facebook.com'.freeze

# One login.
class OldClient
  def initialize(email, password)
    @agent = Mechanize.new
    @agent.user_agent_alias = 'Windows IE 9'
    form = @agent.get('http://facebook.com/login.php').forms.first
    form['email'] = email
    form['pass'] = password
    form.submit
    home = @agent.get("#{WWW}/home.php").body
    @uid = Integer(home[%r{<a href=".+?/profile\.php\?id=(\d+)" class="profile_nav_link">}, 1])
    @channel = home[/"channel(\d+)"/, 1]
    @token = home[/<input type="hidden" id="post_form_id" name="post_form_id" value="(\h+)"/, 1]
    @seq = poll(-1).fetch('seq')
  end

  attr_reader :uid

  def buddies
    list = post('/ajax/presence/update.php', 'buddy_list' => 1, 'force_render' => 1, 'user' => @uid)
    list.fetch('payload').fetch('buddy_list').fetch('userInfos').transform_values { |info| info['name'] }
  end

  def tell(uid, text)
    post('/ajax/chat/send.php', 'to' => uid, 'msg_text' => text, 'msg_id' => rand(1 << 31),
                                'client_time' => (Time.now.to_f * 1000).to_i)
  end

  # One item for each reply, and one number for each item.
  def listen
    reply = poll(@seq)
    @seq = reply['seq'] if reply['t'] == 'refresh'
    return [] unless reply['t'] == 'msg'

    @seq += 1
    reply['ms'].select { |item| item['type'] == 'msg' && item['from'] != @uid }
  end

  private

  def poll(seq)
    parse @agent.get("http://0.channel#{@channel}.facebook.com/x/0/false/p_#{@uid}=#{seq}")
  end

  def post(path, form)
    parse @agent.post(WWW + path, form.merge('post_form_id' => @token))
  end

  def parse(page)
    JSON.parse(page.body.delete_prefix('for (;;);'))
  end
end

def say(*what)
  puts what.to_json
  $stdout.flush
end

client = OldClient.new(ARGV.fetch(0), ENV.fetch('OLD_CLIENT_PASSWORD'))
say 'uid', client.uid
say 'buddies', client.buddies
uid, text = $stdin.gets.chomp.split(' ', 2)
say 'sent', client.tell(uid, text)
loop do
  client.listen.each { |item| say 'heard', item['from'], item['from_name'], item['msg']['text'] }
end
